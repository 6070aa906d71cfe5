// Sends the requests of the page "Fifty at once", all before the first is answered, and shows the result.

const button = document.querySelector('#send-all');
const failure = document.querySelector('#failure');

async function post(path, fields = {}) {
  const answer = await fetch(path, { method: 'POST', body: new URLSearchParams(fields) });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  // Reads the body to its end: leaving the page before would cut it off.
  await answer.arrayBuffer();
}

async function sendAll() {
  const names = Array.from({ length: Number(button.dataset.count) }, (_, index) => index + 1);
  await post('/parallel/start');
  await Promise.all(names.map((name) => post('/parallel/add', { name })));
}

async function sendAndShow() {
  button.disabled = true;
  failure.hidden = true;
  try {
    await sendAll();
    location.reload();
  } catch (error) {
    failure.textContent = `That did not work: ${error.message}.`;
    failure.hidden = false;
    button.disabled = false;
  }
}

button.addEventListener('click', () => void sendAndShow());
button.hidden = false;
