/**
 * The e-mail address that signed in last in this browser. It stays when the session expires, so that only the password has to be
 * entered again, and is gone once somebody signs out.
 */
const storageKey = 'chela.email';

export function rememberedEmail(): string {
  try {
    return localStorage.getItem(storageKey) ?? '';
  } catch {
    // Storage may be disabled.
    return '';
  }
}

export function rememberEmail(email: string): void {
  try {
    localStorage.setItem(storageKey, email);
  } catch {
    // The address has to be entered again.
  }
}

export function forgetEmail(): void {
  try {
    localStorage.removeItem(storageKey);
  } catch {
    // Nothing was stored.
  }
}
