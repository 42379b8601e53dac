// The operator's keys: `/` to the search field, `j` and `k` to the next and previous row; Enter follows its link.

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}

function step(by: number): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>("tbody tr a")];
  const at = links.findIndex((link) => link === document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : links.length - 1) : at + by;
  links[next]?.focus();
}

document.addEventListener("keydown", (event) => {
  if (!document.body.classList.contains("dense") || typing(event.target)) return;
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const field = document.querySelector<HTMLInputElement>("input[type=search]");
  if (event.key === "/" && field !== null) {
    event.preventDefault();
    field.focus();
  }
  if (event.key === "j") step(1);
  if (event.key === "k") step(-1);
});
