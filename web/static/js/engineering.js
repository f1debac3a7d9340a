// The engineer's pages: a choice that shows at once, and files that a form gives out.
"use strict";

(() => {
  // A choice with data-submits takes effect without the button beside it.
  document.addEventListener("change", (event) => {
    const chooser = event.target.closest?.("select[data-submits]");
    chooser?.form.requestSubmit();
  });

  // A form with data-saves may be answered with a file: it is saved, and the page goes on to what the answer names. Without
  // this script the browser saves it and stays.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.dataset.saves === undefined || event.defaultPrevented) return;
    event.preventDefault();
    send(form, event.submitter);
  });

  async function send(form, submitter) {
    const { csrf, toast, problemOf, logIn } = window.firstpass;
    if (submitter) submitter.disabled = true;
    try {
      const body = new URLSearchParams(new FormData(form, submitter));
      const response = await fetch(form.action, { method: "POST", headers: { "X-CSRF-Token": csrf() }, body, credentials: "same-origin" });
      if (response.status === 401) return logIn();
      if (!response.ok) return toast({ tone: "bad", ...problemOf(response.status, await response.text()) });
      const name = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1];
      if (!name) return location.assign(response.url);
      save(await response.blob(), name);
      const next = response.headers.get("Content-Location");
      toast({ tone: "info", what: `${name} was saved.`, why: "It holds the private key, which is nowhere else.", remedy: "Move it to its owner, and delete it here." });
      form.reset();
      if (next) showNext(form, next);
    } catch {
      toast({ tone: "bad", what: "The station does not answer.", remedy: "Check the network, then look whether the certificate is in the list before you try again." });
    } finally {
      if (submitter) submitter.disabled = false;
    }
  }

  function save(blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  function showNext(form, href) {
    const line = document.createElement("p");
    line.className = "note";
    line.setAttribute("role", "status");
    const link = document.createElement("a");
    link.href = href;
    link.textContent = "The certificate";
    line.append("Issued. ", link, " is on record.");
    form.before(line);
    link.focus();
  }
})();
