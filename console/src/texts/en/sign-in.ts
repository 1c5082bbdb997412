export const signIn = {
  title: 'Sign in to Chela',
  email: 'E-mail',
  password: 'Password',
  submit: 'Sign in',
  firstTime:
    'First time here? Open the set-up link that Chela printed when it started to choose your e-mail and password.',
};
