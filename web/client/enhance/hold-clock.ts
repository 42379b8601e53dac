// <hold-clock data-expires data-now data-left data-over>: counts down the minutes that a time is held.
// The server's clock decides: `data-now` is its time when the page was made, microseconds like `data-expires`.

const WARN_MINUTES = 2;

class HoldClock extends HTMLElement {
  private timer: number | undefined;

  connectedCallback(): void {
    const skew = Date.now() - Number(this.dataset["now"]) / 1000;
    const show = (): void => {
      // Read each time: the hold may be extended while the page stands.
      const expires = Number(this.dataset["expires"]) / 1000;
      const minutes = Math.ceil((expires - (Date.now() - skew)) / 60_000);
      const text = minutes > 0 ? (this.dataset["left"] ?? "").replace("{n}", String(minutes)) : (this.dataset["over"] ?? "");
      if (this.textContent === text) return;
      // Said aloud only when it begins to matter.
      if (minutes <= WARN_MINUTES) this.setAttribute("role", "status");
      this.closest(".note")?.classList.toggle("warn", minutes <= WARN_MINUTES);
      this.textContent = text;
      if (minutes > 0) return;
      this.stop();
      this.parentElement?.querySelector("a[hidden]")?.removeAttribute("hidden");
    };
    this.timer = window.setInterval(show, 1000);
    show();
  }

  disconnectedCallback(): void {
    this.stop();
  }

  private stop(): void {
    window.clearInterval(this.timer);
  }
}

customElements.define("hold-clock", HoldClock);
