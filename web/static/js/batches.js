// Keeps the figures of a batch's page fresh: fetches the page again and puts in place only what is marked `data-refresh`,
// so that an open table, a half-written form and the focus stay. Sends the forms of the page without leaving it. Knows no
// figure: the server draws everything.
"use strict";

(() => {
  const EVERY_MS = 5000;
  const SLOWEST_MS = 60_000;
  const { localise, logIn, post } = window.firstpass;
  const regions = () => document.querySelectorAll("[data-refresh][id]");
  // What the server said last of each region; a region that it says again is not touched.
  const last = new Map([...regions()].map((region) => [region.id, region.innerHTML]));

  // -- Times in charts -------------------------------------------------------------------------------------------------
  const clock = new Intl.DateTimeFormat("sv-SE", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const day = new Intl.DateTimeFormat("sv-SE", { month: "2-digit", day: "2-digit" });

  function localiseTicks() {
    for (const tick of document.querySelectorAll("svg text[data-at]")) {
      const at = new Date(tick.dataset.at);
      tick.textContent = tick.dataset.day === undefined ? clock.format(at) : `${day.format(at)} ${clock.format(at)}`;
    }
  }

  // -- Fresh figures ---------------------------------------------------------------------------------------------------
  /** Whether somebody is at work in a region: the focus is in it, or a choice was made that is not sent yet. */
  function isInUse(region) {
    if (region.contains(document.activeElement)) return true;
    return [...region.querySelectorAll("input[type=checkbox]")].some((box) => box.checked !== box.defaultChecked);
  }

  function put(page, force) {
    for (const region of regions()) {
      const fresh = page.getElementById(region.id);
      if (!fresh || fresh.innerHTML === last.get(region.id) || (!force && isInUse(region))) continue;
      last.set(region.id, fresh.innerHTML);
      const focused = region.contains(document.activeElement) ? document.activeElement.id : "";
      region.replaceChildren(...fresh.childNodes);
      if (focused) document.getElementById(focused)?.focus();
    }
    localise(document);
    localiseTicks();
  }

  /** Asks for the page again; `false` when the station does not answer. */
  async function refresh(force = false) {
    let response;
    try {
      response = await fetch(location.href, { credentials: "same-origin", headers: { Accept: "text/html" } });
    } catch {
      return false;
    }
    if (response.status === 401 || (response.redirected && new URL(response.url).pathname === "/login")) {
      logIn();
      return true;
    }
    if (!response.ok) return false;
    put(new DOMParser().parseFromString(await response.text(), "text/html"), force);
    return true;
  }

  function say(isLost) {
    const place = document.getElementById("connection");
    if (!place) return;
    place.hidden = !isLost;
    place.dataset.live = isLost ? "lost" : "live";
    place.textContent = isLost ? place.dataset.lostWord : place.dataset.liveWord;
  }

  let wait = EVERY_MS;
  let timer = 0;

  async function round() {
    clearTimeout(timer);
    if (!document.hidden) {
      const answered = await refresh();
      say(!answered);
      wait = answered ? EVERY_MS : Math.min(wait * 2, SLOWEST_MS);
    }
    timer = setTimeout(round, wait);
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) round();
  });

  // -- Forms -----------------------------------------------------------------------------------------------------------
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.dataset.send === undefined) return;
    event.preventDefault();
    const button = event.submitter;
    if (button) button.disabled = true;
    post(form.getAttribute("action"), [...new FormData(form, button)]).then(async (answer) => {
      if (button) button.disabled = false;
      if (answer === null) return;
      form.closest("dialog")?.close();
      await refresh(true);
    });
  });

  localiseTicks();
  if (last.size) timer = setTimeout(round, EVERY_MS);
})();
