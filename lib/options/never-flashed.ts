/**
 * The default of the option `flash.except`: the names of form fields that hold passwords and tokens, which are never
 * used to refill a form. Case, `_` and `-` are ignored. A list of your own replaces it, so add to it:
 *
 * @example
 * SessionModule.forRoot({ secret, flash: { except: [...NEVER_FLASHED, 'role'] } });
 */
export const NEVER_FLASHED: readonly string[] = [
  'password',
  'passwordConfirmation',
  'passwordConfirm',
  'confirmPassword',
  'passwordRepeat',
  'repeatPassword',
  'currentPassword',
  'oldPassword',
  'newPassword',
  'newPasswordConfirmation',
  'passwd',
  'pwd',
  'passphrase',
  'token',
  'csrf',
  'csrfToken',
  'xsrfToken',
  'accessToken',
  'refreshToken',
  'idToken',
  'apiKey',
  'secret',
  'otp',
  'totp',
];
