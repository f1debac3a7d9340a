// The line page: keeps the scan field in reach, the choice of slots, the clocks and the sounds, says when the page is not
// live, and asks the station for what a person wants. What is drawn comes from the station; so does what a scan means.
"use strict";

(() => {
  const page = document.getElementById("line");
  const stream = document.getElementById("live");
  const field = document.getElementById("scan");
  const order = document.getElementById("order");
  const drawer = document.getElementById("unit");
  const bar = document.getElementById("chosen");
  const { post, ask, toast, timeOf, typing } = window.firstpass;
  const words = page.dataset;
  const may = (right) => !right || (words.may ?? "").split(" ").includes(right);

  // -- Live ----------------------------------------------------------------------------------------------------------
  // The station says every second that it is there; three missed ones are a lost connection.
  const SILENCE_MS = 3500;
  const AGAIN_MS = 1500;
  const indicator = document.getElementById("connection");
  const lost = document.getElementById("lost");
  let heard = Date.now();
  let ahead = 0; // How far the station's clock is ahead of this one, in milliseconds.
  let connection = null;
  let begun = 0; // When the connection was begun: a new one is given as long as a silent one.
  let again = null;

  function show(state) {
    if (indicator.dataset.live === state && !indicator.hidden) return;
    indicator.hidden = false;
    indicator.dataset.live = state;
    indicator.textContent = indicator.dataset[`${state}Word`];
    const gone = state === "lost";
    page.classList.toggle("stale", gone);
    lost.hidden = !gone;
    if (gone) lost.querySelector(".since").textContent = timeOf(heard);
  }

  function live() {
    heard = Date.now();
    show("live");
  }

  function connectAgain() {
    clearTimeout(again);
    again = setTimeout(() => stream.dispatchEvent(new Event("again")), AGAIN_MS);
  }

  stream.addEventListener("htmx:sse:before:connection", (event) => {
    ({ connection } = event.detail);
    begun = Date.now();
  });
  stream.addEventListener("htmx:sse:after:message", () => {
    live();
    drawn();
  });
  stream.addEventListener("beat", (event) => (ahead = Number(event.detail.data) - Date.now()));
  stream.addEventListener("ended", () => window.firstpass.logIn());
  stream.addEventListener("htmx:sse:error", (event) => {
    if (event.detail.status === 401) window.firstpass.logIn();
  });
  stream.addEventListener("htmx:sse:close", connectAgain);
  stream.addEventListener("htmx:error", connectAgain);
  stream.addEventListener("htmx:before:response", (event) => {
    const { status } = event.detail.ctx.response;
    if (status === 401) window.firstpass.logIn();
    else if (status >= 400) connectAgain();
  });

  setInterval(() => {
    if (document.hidden || Date.now() - heard < SILENCE_MS) return;
    show("lost");
    // A connection that is dead and does not know it is given up, and made anew.
    if (Date.now() - begun > SILENCE_MS) {
      begun = Date.now();
      connection?.reader?.cancel?.().catch(() => {});
    }
    if (Date.now() - heard > RELOAD_MS) comeBack();
  }, 500);

  // Whatever has become of the stream: when the station answers and the page is not live all the same, it is loaded anew.
  const RELOAD_MS = 12000;
  let looking = false;
  async function comeBack() {
    if (looking) return;
    looking = true;
    const answer = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(5000) }).catch(() => null);
    // The stream may be on its way back by itself.
    if (answer?.ok) await new Promise((resolve) => setTimeout(resolve, SILENCE_MS));
    if (answer?.ok && indicator.dataset.live === "lost") location.reload();
    looking = false;
  }
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) heard = Math.max(heard, Date.now() - SILENCE_MS / 2);
  });

  // -- Clocks --------------------------------------------------------------------------------------------------------
  function tick() {
    const now = Date.now() + ahead;
    for (const clock of page.querySelectorAll(".clock")) {
      const seconds = Math.max(0, Math.floor((now - clock.dataset.began) / 1000));
      const shown = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      if (clock.textContent !== shown) clock.textContent = shown;
    }
    for (const bar of page.querySelectorAll("progress[data-usual]")) {
      bar.value = Math.min(now - bar.dataset.began, bar.dataset.usual * 0.95);
    }
  }
  setInterval(tick, 500);

  // -- Choice --------------------------------------------------------------------------------------------------------
  let chosen = [];
  const cards = () => [...page.querySelectorAll(".slot")];
  const card = (slot) => cards().find((one) => one.dataset.slot === slot);

  function choose(slots) {
    chosen = slots.filter((slot) => card(slot));
    drawn();
    if (chosen.length === 1) card(chosen[0]).scrollIntoView({ block: "nearest" });
  }

  function toggle(slot, more) {
    const isChosen = chosen.includes(slot);
    if (more) choose(isChosen ? chosen.filter((one) => one !== slot) : [...chosen, slot]);
    else choose(isChosen && chosen.length === 1 ? [] : [slot]);
  }

  /** Puts the choice onto what was just drawn. */
  function drawn() {
    for (const one of cards()) {
      const isChosen = chosen.includes(one.dataset.slot);
      one.classList.toggle("chosen-slot", isChosen);
      one.querySelector(".pick").setAttribute("aria-pressed", String(isChosen));
    }
    bar.hidden = chosen.length === 0;
    if (bar.hidden) return;
    bar.querySelector(".names").textContent = chosen.length > 3 ? words.selected.replace("{}", chosen.length) : chosen.join(", ");
    const only = chosen.length === 1 ? card(chosen[0]) : null;
    // The card's class gives its state colour and shape; a copy of the words alone would have neither.
    const tone = ["ok", "bad", "warn", "info", "idle"].find((one) => only?.classList.contains(one)) ?? "idle";
    const parts = [...(only?.querySelectorAll(".state, .mac, .told") ?? [])];
    const detail = tone + parts.map((part) => part.outerHTML).join("");
    const shown = bar.querySelector(".detail");
    if (shown.dataset.of !== detail) {
      shown.dataset.of = detail;
      shown.className = `detail ${tone}`;
      shown.replaceChildren(...parts.map((part) => part.cloneNode(true)));
    }
    for (const button of bar.querySelectorAll("[data-act]")) button.hidden = !may(button.dataset.needs);
    const unit = only?.dataset.mac;
    for (const act of ["quarantine", "release", "open"]) bar.querySelector(`[data-act=${act}]`).disabled = !unit;
  }

  function move(dx, dy) {
    const all = cards();
    if (all.length === 0) return;
    const at = all.findIndex((one) => one.dataset.slot === chosen.at(-1));
    if (at < 0) return choose([all[0].dataset.slot]);
    const top = all[0].offsetTop;
    const columns = Math.max(1, all.filter((one) => one.offsetTop === top).length);
    const to = at + dx + dy * columns;
    if (to >= 0 && to < all.length) choose([all[to].dataset.slot]);
  }

  // -- Sound ---------------------------------------------------------------------------------------------------------
  const KEPT = "firstpass.sound";
  const button = page.querySelector('[data-act="sound"]');
  let audible = localStorage.getItem(KEPT) !== "off";
  let audio = null;
  button.setAttribute("aria-pressed", String(audible));

  // Browsers let a page sound only after somebody has touched it.
  const wake = () => {
    audio ??= new AudioContext();
    if (audio.state === "suspended") audio.resume();
  };
  for (const touch of ["keydown", "pointerdown"]) document.addEventListener(touch, wake, { capture: true });

  /** Notes: [frequency in Hz, start and length in seconds]. */
  function play(notes, shape) {
    if (!audible || !audio) return;
    for (const [frequency, start, length] of notes) {
      const at = audio.currentTime + start;
      const tone = new OscillatorNode(audio, { type: shape, frequency });
      const volume = new GainNode(audio, { gain: 0 });
      volume.gain.setValueAtTime(0, at);
      volume.gain.linearRampToValueAtTime(0.22, at + 0.01);
      volume.gain.setValueAtTime(0.22, at + length - 0.03);
      volume.gain.linearRampToValueAtTime(0, at + length);
      tone.connect(volume).connect(audio.destination);
      tone.start(at);
      tone.stop(at + length);
    }
  }
  // Good rises, bad is low and comes twice: told apart without looking, and by those who do not hear high tones.
  const good = () => play([[784, 0, 0.12], [1175, 0.13, 0.2]], "sine");
  const bad = () => play([[196, 0, 0.22], [196, 0.3, 0.34]], "square");

  stream.addEventListener("outcome", (event) => {
    const { slot, passed } = JSON.parse(event.detail.data);
    (passed ? good : bad)();
    document.getElementById("told").textContent = `${slot}: ${passed ? words.passed : words.failed}`;
  });

  // -- Acts ----------------------------------------------------------------------------------------------------------
  async function change(path, fields) {
    const answer = await post(path, fields);
    if (answer === null) return;
    toast({ key: "scan", tone: "ok", what: JSON.parse(answer).what });
    if (drawer.open && (fields.mac ?? "") === drawer.dataset.mac) openUnit(drawer.dataset.mac);
  }

  const start = (slots, which) => change("/line/start", { slots: slots.join(","), order: which });
  const stop = (slots, how) => change("/line/stop", { slots: slots.join(","), how });
  const retry = (slots) => change("/line/retry", { slots: slots.join(",") });

  async function withReason(act, mac, given = "") {
    const [title, text, confirm] = act === "quarantine"
      ? [words.quarantineAsk, words.quarantineText, words.quarantine]
      : [words.releaseAsk, words.releaseText, words.release];
    const answer = await ask({ title, text: `${mac} — ${text}`, confirm, reason: words.reason, given, danger: act === "quarantine" });
    refocus();
    if (answer) change(`/line/${act}`, { mac, reason: answer.reason });
  }

  async function openUnit(mac) {
    const response = await fetch(`/line/unit/${encodeURIComponent(mac)}`, { headers: { "HX-Request": "true", Accept: "text/html" } }).catch(() => null);
    if (!response) return;
    const html = await response.text();
    if (response.status === 401) return window.firstpass.logIn();
    if (!response.ok) return toast({ tone: "bad", ...window.firstpass.problemOf(response.status, html) });
    drawer.dataset.mac = mac;
    drawer.querySelector(".content").replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
    // Beside the slots, not over them: scanning goes on.
    if (!drawer.open) drawer.show();
    refocus();
  }

  function unitOf(element) {
    if (element?.dataset.mac) return element.dataset.mac;
    const slot = element?.dataset.slot ?? (chosen.length === 1 ? chosen[0] : null);
    return (slot && card(slot)?.dataset.mac) || (drawer.open ? drawer.dataset.mac : null);
  }

  /** What a button, a key or a scan asks for. What it needs and lacks, the station says: it hears the command as a scan. */
  async function act(name, element) {
    const slots = element?.dataset.slot ? [element.dataset.slot] : chosen;
    const unit = unitOf(element);
    switch (name) {
      case "start": return order?.value ? start(slots, order.value) : scan("START");
      case "stop": return slots.length ? stop(slots, "after_unit") : scan("STOP");
      case "stop_now": {
        if (!slots.length) return scan("STOP-NOW");
        const sure = await ask({ title: words.stopAsk, text: `${slots.join(", ")} — ${words.stopText}`, confirm: words.stopNow, danger: true });
        refocus();
        return sure ? stop(slots, "now") : undefined;
      }
      case "retry": return slots.length ? retry(slots) : scan("RETRY");
      case "quarantine": return unit ? withReason(name, unit) : scan("QUARANTINE");
      case "release": return unit ? withReason(name, unit) : scan("RELEASE");
      case "open": return unit ? openUnit(unit) : scan("OPEN");
      case "clear": return clear();
      case "help": return document.getElementById("help").showModal();
      case "large": return document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
      case "sound": {
        audible = !audible;
        localStorage.setItem(KEPT, audible ? "on" : "off");
        button.setAttribute("aria-pressed", String(audible));
        return audible ? good() : undefined;
      }
    }
  }

  function clear() {
    drawer.close();
    choose([]);
    field.value = "";
    refocus();
  }

  // -- Scans ---------------------------------------------------------------------------------------------------------
  // One after the other: a scanner is faster than the network.
  let last = Promise.resolve();
  const scan = (text) => (last = last.then(() => hear(text), () => hear(text)));

  async function hear(text) {
    const unit = drawer.open ? drawer.dataset.mac : "";
    const answer = await post("/line/scan", { text, slots: chosen.join(","), unit, order: order?.value ?? "" });
    if (answer === null) return bad();
    const said = JSON.parse(answer);
    switch (said.do) {
      case "select":
        // Whoever goes on with another slot is done with the unit that is open.
        if (drawer.open && card(said.slot)?.dataset.mac !== drawer.dataset.mac) drawer.close();
        return choose([said.slot]);
      case "unit":
        if (said.slot) choose([said.slot]);
        return openUnit(said.mac);
      case "order": return chooseOrder(said);
      case "badge": return switchPerson(text);
      case "start": return start(said.slots, said.order);
      case "stop": return stop(said.slots, said.how);
      case "retry": return retry(said.slots);
      case "quarantine":
      case "release":
        if (said.ask) return withReason(said.do, said.mac, said.reason);
        return change(`/line/${said.do}`, { mac: said.mac, reason: said.reason });
      case "all": return choose(cards().map((one) => one.dataset.slot));
      case "clear": return clear();
      case "help": return document.getElementById("help").showModal();
      case "say":
        bad();
        return toast({ key: "scan", tone: "warn", ...said });
    }
  }

  function chooseOrder({ id, name, what, remedy }) {
    if (order) {
      if (![...order.options].some((option) => option.value === id)) order.append(new Option(name, id));
      order.value = id;
    }
    toast({ key: "scan", tone: "info", what, remedy });
  }

  /** Somebody else has scanned a badge: with the PIN, the page is theirs. */
  function switchPerson(badge) {
    const dialog = document.getElementById("pin");
    const form = dialog.querySelector("form");
    form.elements.badge.value = badge;
    form.elements.pin.value = "";
    dialog.showModal();
    form.elements.pin.focus();
  }

  document.getElementById("scan-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value;
    field.value = "";
    if (text.trim()) scan(text);
  });

  // -- Keys and clicks -----------------------------------------------------------------------------------------------
  const KEYS = { F2: "start", F3: "stop", F4: "stop_now", F6: "retry", F7: "quarantine", F8: "release", F9: "open", F1: "help" };
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const asking = () => document.querySelector("dialog:modal");
  // Touch screens would bring up their keyboard each time.
  const refocus = () => asking() || field.focus({ preventScroll: true });

  document.addEventListener("keydown", (event) => {
    if (asking()) return;
    if (KEYS[event.key] && !event.ctrlKey && !event.altKey && !event.metaKey) {
      event.preventDefault();
      return act(KEYS[event.key]);
    }
    if (event.key === "Escape") return clear();
    const inField = event.target === field;
    if (ARROWS[event.key] && (inField ? field.value === "" : !typing(event.target)) && !event.altKey) {
      event.preventDefault();
      return move(...ARROWS[event.key]);
    }
    // Whatever is typed goes into the scan field, wherever the focus is; Space still presses a button.
    const isText = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (isText && !inField && !typing(event.target) && !(event.key === " " && event.target.matches("button, a, summary"))) field.focus();
  });

  document.addEventListener("click", (event) => {
    const doing = event.target.closest("[data-act]");
    if (doing) {
      if (may(doing.dataset.needs)) act(doing.dataset.act, doing);
    } else {
      const slot = event.target.closest(".slot");
      if (slot && !event.target.closest("a")) toggle(slot.dataset.slot, event.ctrlKey || event.shiftKey || event.metaKey);
    }
    // A click with the mouse or a finger gives the field back the focus; the keyboard keeps its place.
    if (event.detail > 0 && !typing(event.target) && !event.target.closest("summary, a, dialog")) refocus();
  });
  document.addEventListener("close", () => setTimeout(refocus), true);
  order?.addEventListener("change", refocus);
  window.addEventListener("focus", refocus);

  show("connecting");
  drawn();
  refocus();
})();
