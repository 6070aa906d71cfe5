/**
 * Fields never used to refill a form, unless the option `flash.except` says otherwise. Case, `_` and `-` are
 * ignored.
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
