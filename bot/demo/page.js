// What the demo adds to the simulated Discord's page: a queue for messages, so that none is lost
// while an earlier one is being sent, and the commands in a message's menu.

const capability = location.hash.slice(1);
const form = document.getElementById("channel-composer");
const timeline = document.getElementById("channel-timeline");
const list = document.getElementById("channel-message-list");

const guide = document.querySelector("script[data-guide]").dataset.guide;

const notice = document.createElement("p");
notice.id = "demo-notice";
notice.setAttribute("role", "alert");
notice.hidden = true;
form.before(notice);

function tell(text) {
  notice.textContent = text;
  notice.hidden = !text;
}

async function ask(path, viewer, document = {}) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Simcord-Capability": capability },
    body: JSON.stringify({ viewer_id: viewer, ...document }),
  }).catch(() => { throw new Error("The demo does not answer. Does it still run in its terminal?"); });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

// ---------------------------------------------------------------- scrolling

let following = false;
let seen = 0n; // the latest message when the visitor last did something

function articles() {
  return [...list.querySelectorAll(":scope > article[data-message-id]")];
}

function mark() {
  seen = BigInt(articles().at(-1)?.dataset.messageId ?? 0);
}

/** Show the end of the channel, and of what is new the beginning if not all of it fits. */
function toEnd() {
  const first = articles().find((each) => BigInt(each.dataset.messageId) > seen);
  const above = timeline.getBoundingClientRect().top - timeline.scrollTop;
  const top = first ? first.getBoundingClientRect().top - above - 8 : Infinity;
  timeline.scrollTo({ top: Math.min(top, timeline.scrollHeight), behavior: "instant" });
}

/** Stay at the end of the channel, where what the visitor did shows, until they scroll. */
function follow() {
  following = true;
  mark();
  toEnd();
}

new ResizeObserver(() => { if (following) toEnd(); }).observe(list);
list.addEventListener("click", (event) => { if (event.target.closest("button")) mark(); }, true);
for (const way of ["wheel", "touchmove"]) {
  timeline.addEventListener(way, () => { following = false; }, { passive: true });
}
timeline.addEventListener("pointerdown", (event) => {
  if (event.target === timeline) following = false; // its scroll bar
});

// ---------------------------------------------------------------- messages

let sending = Promise.resolve();

function input() {
  return document.getElementById("channel-composer-input");
}

function fill(field, text) {
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true })); // the page keeps drafts by it
}

document.addEventListener("submit", (event) => {
  const field = input();
  const plain = event.target === form && field instanceof HTMLTextAreaElement
    && field.dataset.commandMode !== "true" && document.getElementById("reply-context").hidden;
  const text = plain ? field.value : "";
  if (event.target === form && !plain) follow(); // the answer to a command comes at the end
  if (!text.trim() || text.startsWith("/")) return; // commands, replies and edits are the page's own
  event.preventDefault();
  event.stopPropagation();
  fill(field, "");
  tell("");
  follow();
  const viewer = window.simcordPreview.viewerId;
  sending = sending.then(async () => {
    try {
      await ask("/demo/say", viewer, { text });
    } catch (error) {
      tell(error.message);
      const now = input();
      if (now instanceof HTMLTextAreaElement && !now.value) fill(now, text);
    }
  });
}, true);

// ---------------------------------------------------------------- the guide's message

list.addEventListener("click", (event) => {
  const code = event.target.closest(`[data-message-id="${guide}"] .inline-code`);
  const field = input();
  if (!code || !(field instanceof HTMLTextAreaElement)) return;
  fill(field, code.textContent);
  field.focus();
});

const steps = document.createElement("button");
steps.id = "demo-steps";
steps.type = "button";
steps.className = "toolbar-button";
steps.textContent = "What to try";
steps.addEventListener("click", () => {
  following = false;
  list.querySelector(`[data-message-id="${guide}"]`)?.scrollIntoView();
});
document.querySelector(".channel-header").append(steps);

// ---------------------------------------------------------------- message menus

let menu = null;

function close() {
  menu?.remove();
  menu = null;
}

async function open(messageId, x, y) {
  close();
  const viewer = window.simcordPreview.viewerId;
  let names;
  try {
    ({ names } = await ask("/demo/menus", viewer));
  } catch (error) {
    tell(error.message);
    return;
  }
  const opened = document.createElement("div");
  opened.id = "demo-menu";
  opened.setAttribute("role", "menu");
  opened.setAttribute("aria-label", "Apps");
  for (const name of names) {
    const item = document.createElement("button");
    item.type = "button";
    item.setAttribute("role", "menuitem");
    item.textContent = name;
    item.addEventListener("click", async () => {
      close();
      tell("");
      follow();
      try {
        await ask("/demo/menu", viewer, { message_id: messageId, name });
      } catch (error) {
        tell(error.message);
      }
    });
    opened.append(item);
  }
  document.body.append(opened);
  const { width, height } = opened.getBoundingClientRect();
  opened.style.left = `${Math.max(8, Math.min(x, innerWidth - width - 8))}px`;
  opened.style.top = `${Math.max(8, Math.min(y, innerHeight - height - 8))}px`;
  opened.querySelector("button")?.focus();
  menu = opened;
}

list.addEventListener("contextmenu", (event) => {
  const message = event.target.closest("[data-message-id]");
  if (!message || event.target.closest("a, img, input, textarea")) return;
  event.preventDefault();
  void open(message.dataset.messageId, event.clientX, event.clientY);
});
document.addEventListener("pointerdown", (event) => {
  if (menu && !menu.contains(event.target)) close();
}, true);
document.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
timeline.addEventListener("wheel", close, { passive: true });

/** Put a button for the menu into every message's toolbar; the page draws toolbars anew. */
function addButtons() {
  for (const toolbar of list.querySelectorAll(".message-context-actions")) {
    if (toolbar.querySelector(".demo-apps")) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "message-action-button demo-apps";
    button.textContent = "⋯";
    button.title = "Apps";
    button.setAttribute("aria-label", "Apps");
    button.setAttribute("aria-haspopup", "menu");
    button.addEventListener("click", () => {
      const place = button.getBoundingClientRect();
      const { messageId } = button.closest("[data-message-id]").dataset;
      void open(messageId, place.left, place.bottom + 4);
    });
    toolbar.append(button);
  }
}

new MutationObserver(addButtons).observe(list, { childList: true, subtree: true });
addButtons();
