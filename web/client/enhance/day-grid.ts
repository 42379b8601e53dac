// <day-grid>: arrow keys in a month of days. Days stay links; only one of them is a tab stop.
// Arrows move by day and week, Home and End to the ends of the week, Page Up and Page Down to the next month.

const COLUMNS = 7;

class DayGrid extends HTMLElement {
  connectedCallback(): void {
    this.rove(this.querySelector("a.day[aria-current]") ?? this.querySelector("a.day"));
    this.addEventListener("keydown", (event) => this.pressed(event));
    this.addEventListener("focusin", (event) => this.rove(event.target));
  }

  private rove(chosen: EventTarget | null): void {
    if (!(chosen instanceof HTMLAnchorElement) || !chosen.matches("a.day")) return;
    for (const day of this.querySelectorAll<HTMLAnchorElement>("a.day")) day.tabIndex = day === chosen ? 0 : -1;
  }

  private pressed(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const cells = [...this.querySelectorAll("td")];
    const from = cells.findIndex((cell) => cell.contains(document.activeElement));
    if (from < 0) return;
    if (event.key === "PageUp" || event.key === "PageDown") {
      const rel = event.key === "PageUp" ? "prev" : "next";
      const link = document.querySelector<HTMLAnchorElement>(`#calendar a[rel=${rel}]`);
      if (link === null) return;
      event.preventDefault();
      link.click();
      return;
    }
    const day = this.next(cells, from, event.key);
    if (day === undefined) return;
    event.preventDefault();
    day.focus();
  }

  /** The nearest day in the direction of the key. */
  private next(cells: readonly Element[], from: number, key: string): HTMLAnchorElement | undefined {
    const start = from - (from % COLUMNS);
    const week = Array.from({ length: COLUMNS }, (_, index) => start + index);
    const steps: Record<string, () => number[]> = {
      ArrowLeft: () => Array.from({ length: from }, (_, index) => from - 1 - index),
      ArrowRight: () => Array.from({ length: cells.length - from - 1 }, (_, index) => from + 1 + index),
      ArrowUp: () => [from - COLUMNS],
      ArrowDown: () => [from + COLUMNS],
      Home: () => week,
      End: () => week.reverse(),
    };
    const days = (steps[key]?.() ?? []).map((index) => cells[index]?.querySelector<HTMLAnchorElement>("a.day"));
    return days.find((day) => day !== null && day !== undefined && day.offsetParent !== null) ?? undefined;
  }
}

customElements.define("day-grid", DayGrid);
