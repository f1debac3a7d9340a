// The pages of the record: units, runs, certificates, the audit log. Follows a verification, turns the times of a search
// between the local zone and UTC, filters evidence by witness, and opens what is folded before it is printed.
"use strict";

(() => {
  // -- Verification --------------------------------------------------------------------------------------------------
  const form = document.getElementById("verify");
  if (form) {
    const stop = document.getElementById("verify-stop");
    const result = document.getElementById("verify-result");
    const progress = document.getElementById("verify-progress");
    const number = new Intl.NumberFormat(document.documentElement.lang || undefined);
    let walk = null;

    const say = (tone, what, ...lines) => {
      const head = document.createElement("p");
      const badge = document.createElement("span");
      badge.className = `badge ${tone}`;
      badge.textContent = { ok: "intact", bad: "broken", info: "running", warn: "stopped" }[tone];
      head.append(badge, ` ${what}`);
      const rest = lines.filter(Boolean).map((line) => {
        const paragraph = document.createElement("p");
        paragraph.className = "small break";
        paragraph.textContent = line;
        return paragraph;
      });
      result.replaceChildren(head, ...rest);
    };

    const known = (told) => {
      if (told.known === true) return "The entry that you know stands in the log with this hash.";
      if (told.known === false) return "The entry that you know does NOT stand in the log with this hash: the log was made anew, or the note is wrong.";
      return "";
    };

    const told = {
      progress: ({ checked, last }) => {
        progress.max = Math.max(last, 1);
        progress.value = checked;
        say("info", `${number.format(checked)} of ${number.format(last)} entries checked.`);
      },
      intact: (end) =>
        say(end.known === false ? "bad" : "ok", `All ${number.format(end.checked)} entries are as they were written.`, `Hash of the last one: ${end.head}`, known(end)),
      broken: (end) => {
        say("bad", `Entry ${number.format(end.seq)} is the first that is wrong.`, end.why, `The ${number.format(end.checked)} entries before it are right and end with hash ${end.head}.`, "Keep this record as it is, compare it with an earlier export or a backup, and find out who changed it.");
        const link = document.createElement("a");
        link.href = `/audit/${end.seq}`;
        link.textContent = `Look at entry ${end.seq}`;
        result.append(link);
      },
      failed: (end) => say("warn", `The record could not be read after ${number.format(end.checked)} entries.`, end.why),
    };

    /** Reads the frames of an event stream and hands each message on; returns the last. */
    const follow = async (response) => {
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      let last = null;
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return last;
        rest += value;
        const frames = rest.split("\n\n");
        rest = frames.pop();
        for (const frame of frames) {
          const data = frame.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trim()).join("\n");
          if (!data) continue;
          last = JSON.parse(data);
          told[last.event]?.(last);
        }
      }
    };

    const run = async () => {
      walk = new AbortController();
      stop.hidden = progress.hidden = false;
      form.querySelector("[type=submit]").disabled = true;
      say("info", "The first entries are being checked.");
      try {
        const response = await fetch(`${form.action}?${new URLSearchParams(new FormData(form))}`, { signal: walk.signal, headers: { Accept: "text/event-stream" } });
        if (response.status === 401) return window.firstpass.logIn();
        if (!response.ok) {
          result.replaceChildren();
          return window.firstpass.toast({ tone: "bad", ...window.firstpass.problemOf(response.status, await response.text()) });
        }
        const last = await follow(response);
        if (!last || last.event === "progress") say("warn", "The station broke the verification off.", "Start it again.");
      } catch (error) {
        if (error.name === "AbortError") say("warn", "You stopped the verification. It says nothing of the entries that are left.");
        else say("warn", "The connection to the station was lost.", "Start the verification again.");
      } finally {
        walk = null;
        stop.hidden = progress.hidden = true;
        form.querySelector("[type=submit]").disabled = false;
      }
    };

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!walk) run();
    });
    stop.addEventListener("click", () => walk?.abort());
  }

  // -- Times of a search ---------------------------------------------------------------------------------------------
  // The address has UTC; people see and type their own time.
  const moments = [...document.querySelectorAll("input[data-moment]")];
  const two = (value) => String(value).padStart(2, "0");
  const local = (at) => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  for (const input of moments) {
    const zone = input.labels[0]?.querySelector("[data-zone]");
    if (zone) zone.textContent = "your time";
    const at = new Date(`${input.value}Z`);
    if (input.value && !Number.isNaN(at.getTime())) input.value = local(at);
    input.form.addEventListener("formdata", ({ formData }) => {
      const typed = new Date(input.value);
      if (input.value && !Number.isNaN(typed.getTime())) formData.set(input.name, typed.toISOString().replace(/\.\d+Z$/, "Z"));
    });
  }
  // What is empty need not stand in the address.
  for (const search of document.querySelectorAll("form[role=search]")) {
    search.addEventListener("formdata", ({ formData }) => {
      for (const [name, value] of [...formData]) if (value === "") formData.delete(name);
    });
  }

  // -- Evidence by witness -------------------------------------------------------------------------------------------
  for (const list of document.querySelectorAll("ul.witnesses")) {
    const table = list.nextElementSibling?.querySelector("table");
    for (const button of list.querySelectorAll("button")) {
      button.disabled = false;
      button.addEventListener("click", () => {
        const shown = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(shown));
        for (const row of table?.querySelectorAll(`tr[data-witness="${button.dataset.witness}"]`) ?? []) row.hidden = !shown;
      });
    }
  }

  // -- UART log ------------------------------------------------------------------------------------------------------
  // A log opens where it was decided, unless the address names a line.
  if (!location.hash.startsWith("#L")) {
    for (const list of document.querySelectorAll("ol.log:not(.excerpt)")) {
      const line = list.querySelector("li.decisive");
      if (line) list.scrollTop = line.offsetTop - list.clientHeight / 3;
    }
  }

  // -- Paper ---------------------------------------------------------------------------------------------------------
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("main details:not([open]):not(.no-print)")];
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
    opened = [];
  });
})();
