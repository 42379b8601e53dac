// The form of a held time: what is typed is kept on the server as one goes, and holding the time longer needs no reload.

/** Never kept: a password is nobody's to keep, and terms are accepted when the form is sent. */
const NOT_KEPT = ["password", "accept"];

/** How long after the last key what stands in a field is kept, though the field was not left. */
const KEEP_AFTER_MS = 1_000;

function typed(form: HTMLFormElement): URLSearchParams {
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && !NOT_KEPT.includes(name)) fields.append(name, value);
  }
  return fields;
}

function keepWhatIsTyped(form: HTMLFormElement, address: string): void {
  let kept = typed(form).toString();
  let sending = false;
  const keep = (): void => {
    const fields = typed(form);
    if (sending || fields.toString() === kept) return;
    // A beacon is sent even where the page is on its way out.
    if (navigator.sendBeacon(address, fields)) kept = fields.toString();
  };
  form.addEventListener("submit", () => (sending = true));
  form.addEventListener("change", keep);
  let soon = 0;
  form.addEventListener("input", () => {
    window.clearTimeout(soon);
    soon = window.setTimeout(keep, KEEP_AFTER_MS);
  });
  document.addEventListener("visibilitychange", keep);
  window.addEventListener("pagehide", keep);
  window.addEventListener("pageshow", () => (sending = false));
}

async function extend(button: HTMLButtonElement, form: HTMLFormElement): Promise<void> {
  const note = button.closest(".note");
  const clock = note?.querySelector<HTMLElement>("hold-clock");
  const answer = await fetch(button.formAction, { method: "POST", headers: { accept: "application/json" }, body: typed(form) });
  const told: unknown = answer.ok ? await answer.json() : null;
  if (typeof told !== "object" || told === null || !("extended" in told) || told.extended !== true) throw new Error("not extended");
  if (clock !== null && clock !== undefined && "expires" in told) clock.dataset["expires"] = String(told.expires);
  const done = document.createElement("p");
  done.textContent = button.dataset["extended"] ?? "";
  done.tabIndex = -1;
  (button.closest("form.extend") ?? button).replaceWith(done);
  done.focus();
}

for (const form of document.querySelectorAll<HTMLFormElement>("form[data-draft]")) {
  keepWhatIsTyped(form, form.dataset["draft"] ?? "");
}

for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-extended]")) {
  button.addEventListener("click", (event) => {
    const form = button.form;
    if (form === null) return;
    event.preventDefault();
    button.disabled = true;
    extend(button, form).catch(() => {
      // As it goes without a script: the page is loaded again, with what was typed.
      button.disabled = false;
      form.requestSubmit(button);
    });
  });
}

// Whether a password manager makes a password up or fills one in follows the choice between the two.
for (const choice of document.querySelectorAll<HTMLInputElement>("input[name=account][type=radio]")) {
  choice.addEventListener("change", () => {
    const password = choice.form?.querySelector<HTMLInputElement>("input[type=password]");
    if (password) password.autocomplete = choice.value === "sign_in" ? "current-password" : "new-password";
  });
}
