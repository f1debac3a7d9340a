// What every page does: sends the CSRF token, shows times in the local zone, tells of problems, asks before what cannot
// be undone, and knows a few keys. Other scripts find it as `window.firstpass`. Knows no page.
"use strict";

(() => {
  const csrf = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";
  const text = (name) => document.body.dataset[name] ?? "";

  // -- Times ---------------------------------------------------------------------------------------------------------
  // <time datetime="…Z"> says UTC until this runs; data-as="date" | "time" | "minute" | "ago" says how much is shown.
  const language = document.documentElement.lang || undefined;
  const formats = {
    full: { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" },
    minute: { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" },
    date: { year: "numeric", month: "2-digit", day: "2-digit" },
    time: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
  };
  // English dates are written the way that nobody misreads.
  const locale = !language || language === "en" ? "sv-SE" : language;
  const formatters = Object.fromEntries(
    Object.entries(formats).map(([name, how]) => [name, new Intl.DateTimeFormat(locale, { ...how, hourCycle: "h23" })]),
  );

  function ago(then) {
    const seconds = Math.round((then - Date.now()) / 1000);
    const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
    const [unit, size] = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]].find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
    return relative.format(Math.trunc(seconds / size), unit);
  }

  function localise(root) {
    for (const element of root.querySelectorAll?.("time[datetime]") ?? []) {
      const then = new Date(element.dateTime);
      if (Number.isNaN(then.getTime())) continue;
      const as = element.dataset.as ?? "full";
      const shown = as === "ago" ? ago(then) : (formatters[as] ?? formatters.full).format(then);
      if (element.textContent !== shown) element.textContent = shown;
      if (!element.title) element.title = `${element.dateTime.replace("T", " ").replace(/(\.\d+)?Z$/, "")} UTC`;
    }
  }

  // -- Messages ------------------------------------------------------------------------------------------------------
  const SHOWN_MAX = 4;
  const GOOD_NEWS_MS = 5000;
  const WARNING_MS = 15000;

  function toastBox() {
    let box = document.getElementById("toasts");
    if (!box) {
      box = document.createElement("div");
      box.id = "toasts";
      box.className = "toasts";
      box.popover = "manual";
      box.setAttribute("role", "log");
      box.setAttribute("aria-label", text("messages") || "Messages");
      box.setAttribute("aria-live", "polite");
      document.body.append(box);
    }
    return box;
  }

  /**
   * Shows a message: { tone: "ok" | "bad" | "warn" | "info", what, why, remedy }. Bad ones stay until they are closed; one
   * with a `key` takes the place of the one before with that key.
   */
  function toast({ tone = "bad", what, why, remedy, key }) {
    const box = toastBox();
    if (key) for (const old of [...box.children]) if (old.dataset.key === key) old.remove();
    const item = document.createElement("div");
    if (key) item.dataset.key = key;
    item.className = `toast ${tone}`;
    const words = document.createElement("div");
    for (const [name, value] of Object.entries({ what, why, remedy })) {
      if (!value) continue;
      const line = document.createElement("p");
      line.className = name;
      line.textContent = value;
      words.append(line);
    }
    const close = document.createElement("button");
    close.type = "button";
    close.className = "quiet";
    close.textContent = "✕";
    close.setAttribute("aria-label", text("close") || "Close");
    const remove = () => {
      item.remove();
      if (!box.childElementCount && box.matches(":popover-open")) box.hidePopover();
    };
    close.addEventListener("click", remove);
    item.append(words, close);
    box.append(item);
    while (box.childElementCount > SHOWN_MAX) box.firstElementChild.remove();
    // Shown anew, it lies above a dialog that was opened since.
    if (box.matches(":popover-open")) box.hidePopover();
    box.showPopover();
    if (tone !== "bad") setTimeout(remove, tone === "warn" ? WARNING_MS : GOOD_NEWS_MS);
    document.dispatchEvent(new CustomEvent("firstpass:toast", { detail: { tone, what } }));
  }

  /** Reads what went wrong out of an answer: problem+json, a page with `.problem` in it, or just the status. */
  function problemOf(status, body) {
    const unknown = { what: text("failed") || "That did not work.", why: `HTTP ${status}`, remedy: text("again") || "Try again." };
    if (body.trimStart().startsWith("{")) {
      try {
        const problem = JSON.parse(body);
        return { what: problem.title ?? unknown.what, why: problem.detail, remedy: problem.remedy, code: problem.code };
      } catch {
        return unknown;
      }
    }
    const found = new DOMParser().parseFromString(body, "text/html").querySelector(".problem");
    if (!found) return unknown;
    const part = (name) => found.querySelector(`.${name}`)?.textContent.trim();
    return { what: part("what"), why: part("why"), remedy: part("remedy"), code: part("code") };
  }

  function lostConnection() {
    toast({ what: text("unreachable") || "The station does not answer.", why: text("unreachableWhy"), remedy: text("unreachableRemedy") });
  }

  function logIn() {
    const back = location.pathname + location.search;
    location.assign(`/login?next=${encodeURIComponent(back)}`);
  }

  // -- Requests ------------------------------------------------------------------------------------------------------
  /** Sends a change and returns the answer's text; a problem is shown and returned as `null`. */
  async function post(url, fields = {}) {
    const body = new URLSearchParams(fields);
    const headers = { "X-CSRF-Token": csrf(), Accept: "application/json, text/html;q=0.9", "HX-Request": "true" };
    let response;
    try {
      response = await fetch(url, { method: "POST", headers, body, credentials: "same-origin" });
    } catch {
      lostConnection();
      return null;
    }
    const answer = await response.text();
    if (response.status === 401) {
      logIn();
      return null;
    }
    if (!response.ok) {
      toast({ tone: "bad", ...problemOf(response.status, answer) });
      return null;
    }
    return answer;
  }

  // An own answer to an error is a message, never a fragment of the page; the stream of a live page sees to itself.
  document.addEventListener("htmx:config:request", (event) => {
    const { request } = event.detail.ctx;
    request.headers["X-CSRF-Token"] = csrf();
  });
  document.addEventListener("htmx:before:response", (event) => {
    const { ctx } = event.detail;
    if (ctx.response.status < 400) return;
    event.preventDefault();
    if (ctx.sourceElement.hasAttribute("hx-sse:connect")) return;
    if (ctx.response.status === 401) return logIn();
    ctx.response.raw.text().then((body) => toast({ tone: "bad", ...problemOf(ctx.response.status, body) }), lostConnection);
  });
  document.addEventListener("htmx:error", (event) => {
    const { ctx, error } = event.detail;
    if (ctx?.sourceElement?.hasAttribute("hx-sse:connect") || error?.name === "AbortError") return;
    lostConnection();
  });
  // A change may bring good news in a header: HX-Trigger: {"firstpass:done": {"what": "…"}}
  document.addEventListener("firstpass:done", (event) => toast({ tone: "ok", ...event.detail }));

  // -- Asking first --------------------------------------------------------------------------------------------------
  /**
   * Asks before a change: { title, text, confirm, danger, reason }. With `reason` (a label) a reason must be given, and
   * `given` is what stands there at first. Resolves to `{ reason }`, or to `null` when the person steps back.
   */
  function ask({ title, text: words, confirm, danger = false, reason, given = "" }) {
    const dialog = document.createElement("dialog");
    const form = document.createElement("form");
    form.method = "dialog";
    const heading = document.createElement("h2");
    heading.id = "ask-title";
    heading.textContent = title;
    dialog.setAttribute("aria-labelledby", heading.id);
    form.append(heading);
    if (words) {
      const line = document.createElement("p");
      line.textContent = words;
      form.append(line);
    }
    let input;
    if (reason) {
      const field = document.createElement("div");
      field.className = "field";
      const label = document.createElement("label");
      label.htmlFor = "ask-reason";
      label.textContent = reason;
      input = document.createElement("input");
      Object.assign(input, { id: "ask-reason", name: "reason", required: true, maxLength: 200, value: given, autocomplete: "off" });
      field.append(label, input);
      form.append(field);
    }
    const buttons = document.createElement("div");
    buttons.className = "buttons";
    const back = document.createElement("button");
    Object.assign(back, { type: "button", textContent: text("cancel") || "Cancel" });
    const go = document.createElement("button");
    Object.assign(go, { type: "submit", value: "go", textContent: confirm || title });
    go.className = danger ? "primary danger" : "primary";
    buttons.append(back, go);
    form.append(buttons);
    dialog.append(form);
    document.body.append(dialog);
    back.addEventListener("click", () => dialog.close());
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => {
        const sure = dialog.returnValue === "go";
        dialog.remove();
        resolve(sure ? { reason: input?.value.trim() ?? "" } : null);
      });
      dialog.showModal();
      (input ?? (danger ? back : go)).focus();
      input?.select();
    });
  }

  function askAsWritten(element) {
    const { confirm, confirmText, confirmReason, confirmButton, confirmDanger } = element.dataset;
    return ask({ title: confirm, text: confirmText, reason: confirmReason, confirm: confirmButton, danger: confirmDanger !== undefined });
  }

  // A form with data-confirm="Title" is sent only after the question; data-confirm-text, -reason, -button, -danger say more.
  // The reason goes into its field `reason`, which is added when it has none.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.dataset.confirm || form.dataset.confirmed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { submitter } = event;
    askAsWritten(form).then((answer) => {
      if (!answer) return;
      if (form.dataset.confirmReason) {
        let field = form.elements.namedItem("reason");
        if (!field) {
          field = document.createElement("input");
          Object.assign(field, { type: "hidden", name: "reason" });
          form.append(field);
        }
        field.value = answer.reason;
      }
      form.dataset.confirmed = "yes";
      form.requestSubmit(submitter ?? undefined);
      delete form.dataset.confirmed;
    });
  }, true);

  // The same for htmx: hx-confirm="Title" with data-confirm-text, -reason and so on beside it.
  document.addEventListener("htmx:confirm", (event) => {
    const { ctx, issueRequest, dropRequest } = event.detail;
    event.preventDefault();
    const { confirmText, confirmReason, confirmButton, confirmDanger } = ctx.sourceElement.dataset;
    ask({ title: ctx.confirm, text: confirmText, reason: confirmReason, confirm: confirmButton, danger: confirmDanger !== undefined }).then((answer) => {
      if (!answer) return dropRequest();
      if (confirmReason) ctx.request.body?.set?.("reason", answer.reason);
      issueRequest();
    });
  });

  // A plain form of a session carries the token in a field.
  document.addEventListener("formdata", (event) => {
    const { target, formData } = event;
    if (target.method.toLowerCase() === "post" && csrf() && !formData.has("csrf")) formData.set("csrf", csrf());
  });

  // -- Menus, dialogs, keys ------------------------------------------------------------------------------------------
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
    const opener = event.target.closest?.("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens)?.showModal();
    const closer = event.target.closest?.("[data-closes]");
    if (closer) closer.closest("dialog")?.close();
    if (event.target.closest?.("[data-prints]")) window.print();
  });

  const typing = (element) => element?.matches?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const menu = document.querySelector("details.menu[open]");
      if (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog:modal")) return;
    if (event.key === "/") {
      const search = document.querySelector("[data-search], input[type=search]");
      if (!search) return;
      event.preventDefault();
      search.focus();
      search.select();
    }
    // A key of a control: data-key="n".
    const control = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === event.key && !one.disabled);
    if (!control) return;
    event.preventDefault();
    if (typing(control)) control.focus();
    else control.click();
  });

  // -- Start ---------------------------------------------------------------------------------------------------------
  document.addEventListener("htmx:after:swap", () => localise(document));
  const start = () => {
    localise(document);
    setInterval(() => localise(document), 30_000);
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();

  const timeOf = (then) => formatters.time.format(then);
  window.firstpass = { csrf, timeOf, toast, problemOf, post, ask, localise, logIn, typing };
})();
