// <page-refresh data-seconds>: keeps what stands inside it up to date by asking for the page again.
// It waits while somebody works inside, while the page is hidden, and while the server does not answer.

class PageRefresh extends HTMLElement {
  private timer: number | undefined;

  connectedCallback(): void {
    const seconds = Math.max(2, Number(this.dataset["seconds"]) || 5);
    this.timer = window.setInterval(() => void this.refresh(), seconds * 1000);
  }

  disconnectedCallback(): void {
    window.clearInterval(this.timer);
  }

  private async refresh(): Promise<void> {
    if (document.hidden || this.contains(document.activeElement)) return;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, signal: AbortSignal.timeout(5000) });
      if (!answer.ok || answer.redirected) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("page-refresh");
      if (fresh === null || this.contains(document.activeElement) || fresh.innerHTML === this.innerHTML) return;
      this.replaceChildren(...fresh.childNodes);
    } catch {
      // The next round tries again; what is shown carries the time of its measurement.
    }
  }
}

customElements.define("page-refresh", PageRefresh);
