export const signIn = {
  title: 'Sign in to Chela',
  email: 'E-mail',
  password: 'Password',
  submit: 'Sign in',
  firstTime:
    'The first time? The address that Chela printed at its start ("Set-up") lets you choose e-mail and password.',
};
