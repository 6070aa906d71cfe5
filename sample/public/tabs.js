// Keeps every open tab up to date: the cart's count, and who is signed in. Without this script, each page shows
// the state from when it was loaded.

const WHERE = `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}/tabs`;
const SESSION_ENDED = 'The session has ended.';
const REFUSED = 1008;
const AGAIN_AFTER_MS = 5000;
/** The tab that signs out or gets a new id has to be first: it has the new cookie, and shows the message. */
const AFTER_THE_OTHER_MS = 500;

/** What this page was rendered for: `session` (when it began) and `user`, each empty if there is none. */
const page = document.documentElement.dataset;

/** The current connection, or null. */
let socket = null;

/**
 * Whether this page's session may be over: its connection was ended or refused, or another tab has another
 * session.
 */
let isInDoubt = false;

/** Whether another page is loading: it brings the new state, and must not be interrupted. */
let isLeaving = false;

/** How often another tab has told its count. */
let countsHeard = 0;

/** Reloads the page as the server would show it now. */
function loadAnew() {
  if (isLeaving) return;
  isLeaving = true;
  location.reload();
}

function showCount(count) {
  const number = document.querySelector('#cart-count');
  number.textContent = count;
  number.closest('a').setAttribute('aria-label', `Cart, ${count} ${count === 1 ? 'item' : 'items'}`);
}

/** Connects with the cookie that the browser has now. An open socket keeps the cookie it began with. */
function connect() {
  const former = socket;
  const opened = new WebSocket(WHERE);
  const heardBefore = countsHeard;
  socket = opened;
  opened.addEventListener('message', ({ data: text }) => {
    if (socket !== opened) return;
    const { event, data } = JSON.parse(text);
    // The greeting has the count from when the connection was made: what another tab told since is newer.
    if (event !== 'hello' || heardBefore === countsHeard) showCount(data.count);
    if (event !== 'hello') return;
    page.connected = 'yes';
    isInDoubt = false;
    if (data.user !== page.user || (page.session !== '' && data.session !== page.session)) loadAnew();
  });
  opened.addEventListener('close', ({ code, reason }) => {
    if (socket !== opened) return;
    socket = null;
    delete page.connected;
    // With `stealth`, sockets do not follow their session to a new id or to a later expiry, so the cookie that
    // the browser has by now may be valid. The page, and what is typed there, stays until the server has
    // refused that cookie.
    const isEnded = reason === SESSION_ENDED;
    if (code === REFUSED && !isEnded) {
      if (page.session === '') return;
      if (isInDoubt) return loadAnew();
    }
    isInDoubt = code === REFUSED;
    setTimeout(() => socket === null && connect(), isEnded ? AFTER_THE_OTHER_MS : AGAIN_AFTER_MS);
  });
  if (former?.readyState === WebSocket.CONNECTING) former.addEventListener('open', () => former.close());
  else former?.close();
}

addEventListener('beforeunload', () => {
  isLeaving = true;
});

// The back button may show a page as it was left.
addEventListener('pageshow', ({ persisted }) => {
  if (!persisted) return;
  isLeaving = false;
  connect();
});

// A new session and a sign-in bring a new cookie, which the sockets of the other tabs lack: they reconnect.
// Browsers notify the other tabs when a stored value changes. The server's answer then decides.
const KEY = 'shop.session';
const mine = `${page.session} ${page.user}`;
const before = localStorage.getItem(KEY) ?? ' ';
if (before !== mine) localStorage.setItem(KEY, mine);
// The count of a page is shared too, because a tab that was reconnecting has missed the message with it.
const COUNT_KEY = 'shop.count';
localStorage.setItem(COUNT_KEY, document.querySelector('#cart-count').textContent);
addEventListener('storage', ({ key, newValue }) => {
  if (key === COUNT_KEY && newValue !== null) {
    countsHeard += 1;
    showCount(Number(newValue));
  }
  if (key !== KEY) return;
  isInDoubt = true;
  connect();
});
if (page.session !== '' || before !== mine) connect();
