// Keeps every open tab up to date: the cart's count, and who is signed in. Pages do without: then each shows what was so when
// it was loaded.

const WHERE = `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}/tabs`;
const SESSION_ENDED = 'The session has ended.';
const REFUSED = 1008;
const AGAIN_AFTER_MS = 5000;
/** The tab that signs out, or gets a new id, is to be first: it has the new cookie, and shows the message for it. */
const AFTER_THE_OTHER_MS = 500;

/** What this page was made for: `session` (since when there is one) and `user`, each empty where there is none. */
const page = document.documentElement.dataset;

/** The connection that counts. Null while there is none. */
let socket = null;

/** Whether the session of this page may be over: a connection of it was ended or refused, or another tab has another session. */
let isInDoubt = false;

/** Whether another page is on its way: it brings what is new, and nothing may call it off. */
let isLeaving = false;

/** Shows the page as the server would show it now. */
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

/** Connects with the cookie that the browser has now. A socket goes on with the one that it began with. */
function connect() {
  const former = socket;
  const opened = new WebSocket(WHERE);
  socket = opened;
  opened.addEventListener('message', ({ data: text }) => {
    if (socket !== opened) return;
    const { event, data } = JSON.parse(text);
    showCount(data.count);
    if (event !== 'hello') return;
    page.connected = 'yes';
    isInDoubt = false;
    if (data.user !== page.user || (page.session !== '' && data.session !== page.session)) loadAnew();
  });
  opened.addEventListener('close', ({ code, reason }) => {
    if (socket !== opened) return;
    socket = null;
    delete page.connected;
    // With `stealth` sockets do not follow their session to a new id, nor to a later end of its life: the cookie that the browser
    // has by now may be good. So the page, and what is typed there, stays until the server has said no to that.
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

// A session that begins, and a sign-in, bring a new cookie, which the sockets of the other tabs have not: they connect anew.
// Browsers tell the other tabs of what is stored, where it is not the same as before. What counts is what the server says then.
const KEY = 'shop.session';
const mine = `${page.session} ${page.user}`;
const before = localStorage.getItem(KEY) ?? ' ';
if (before !== mine) localStorage.setItem(KEY, mine);
// So is the count that a page came with: one that was sent while this tab was connecting anew has passed it by.
const COUNT_KEY = 'shop.count';
localStorage.setItem(COUNT_KEY, document.querySelector('#cart-count').textContent);
addEventListener('storage', ({ key, newValue }) => {
  if (key === COUNT_KEY && newValue !== null) showCount(Number(newValue));
  if (key !== KEY) return;
  isInDoubt = true;
  connect();
});
if (page.session !== '' || before !== mine) connect();
