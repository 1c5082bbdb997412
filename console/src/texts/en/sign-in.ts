/** Signing in, set-up links, and ways back in. */
export const signIn = {
  title: 'Sign in to Chela',
  email: 'E-mail',
  emailHint: 'You sign in with it.',
  password: 'Password',
  newPassword: 'New password',
  passwordHint: '12 characters or more.',
  showPassword: 'Show password',
  hidePassword: 'Hide password',
  submit: 'Sign in',
  firstTime:
    'First time here? Open the set-up link that Chela printed when it started, or that you were sent.',
  forgot: 'Forgot your password?',
  forgotTitle: 'Forgot your password?',
  byMail: 'Enter your e-mail address. If an account has it, you get a link to choose a new password.',
  sendLink: 'Send link',
  mailSent: 'Look into your mailbox',
  mailSentText:
    'If an account has this address, a link is on its way. It works once. An address gets at most one letter in five minutes.',
  otherWays: 'No letter? There are other ways:',
  waysWithoutMail: 'You need a set-up link, with which you choose a new password:',
  askAdministrator: 'Ask an administrator: on the page Accounts, "New link" makes one for you.',
  onServer: 'On the server, the operator prints one with the name of the account:',
  toSignIn: 'Go to the sign-in',
  purpose: { set_up: 'Set up your account', recover: 'Choose a new password' },
  purposeText: {
    set_up: (account: string) =>
      `This link is for the account ${account}. Choose what you sign in with. You are signed in afterwards.`,
    recover: (account: string) =>
      `This link is for the account ${account}. Choose a new password, and correct the e-mail address if it is wrong. Other browsers are signed out.`,
  },
  setUp: 'Save and sign in',
  linkExpires: 'The link works once. It expires',
  noToken: 'This address has no set-up link. Open the whole link that you were sent.',
  endedTitle: 'Your session has ended',
  endedText: 'Sign in again to continue. This page stays as it is.',
};
