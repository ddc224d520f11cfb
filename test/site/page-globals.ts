// What the parts of pages that are tested without a browser read of one as they are imported.
import { afterAll, vi } from "vitest";

/** Stands for a page at no address until the file's tests are done; gives what it keeps between visits. */
export function pageGlobals(): Map<string, string> {
  const stored = new Map<string, string>();
  vi.stubGlobal("location", { hash: "", origin: "http://localhost" });
  vi.stubGlobal("addEventListener", () => undefined);
  vi.stubGlobal("navigator", { userAgent: "", onLine: true });
  vi.stubGlobal("localStorage", {
    getItem: (name: string) => stored.get(name) ?? null,
    setItem: (name: string, text: string) => void stored.set(name, text),
    removeItem: (name: string) => void stored.delete(name),
  });
  afterAll(() => void vi.unstubAllGlobals());
  return stored;
}
