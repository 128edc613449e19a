/** What other scripts of the page put on `window`: Django's JavaScriptCatalog and htmx. */
declare global {
  interface Window {
    django?: {
      gettext(text: string): string;
      ngettext(one: string, many: string, count: number): string;
      interpolate(format: string, values: Record<string, unknown> | unknown[], named?: boolean): string;
    };
    htmx?: {
      process(element: Element): void;
      swap(target: Element | string, html: string, how: { swapStyle: string; swapDelay?: number; settleDelay?: number }): void;
      ajax(verb: string, url: string, how: { target: Element | string; swap?: string; source?: Element }): Promise<void>;
    };
  }
}
export {};
