/** Whether the application runs for visitors, as it says itself: `NODE_ENV` is 'production'. */
export function isProduction(): boolean {
  return process.env['NODE_ENV'] === 'production';
}
