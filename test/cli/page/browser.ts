import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PNG } from "pngjs";
import { skip } from "../../../src/testing.js";
import { output } from "../../harness/command.js";

export interface Window {
  /** In CSS pixels, which are the screenshot's. */
  readonly width: number;
  readonly height: number;
  readonly dark?: boolean;
}

/** Debian's chromium, which the lab has unpacked. Without it, the test is skipped. */
export function needsBrowser(test: Mocha.Context): void {
  const reason = process.env.LARDER_LAB_CHROMIUM_SKIPPED;
  if (reason) skip(test, `the lab has no browser: ${reason}`);
}

/** Shows the page in a window of that size. */
export async function takeScreenshot(page: string, window: Window): Promise<PNG> {
  return inBrowser(page, window, async (run, folder) => {
    await run("--screenshot=/mnt/page.png");
    return PNG.sync.read(readFileSync(join(folder, "page.png")));
  });
}

/**
 * Asks the page, in a frame of that size: a window cannot be as narrow as a phone. The page itself allows no script.
 * @param script works on `document`, and gives a value that JSON can hold.
 */
export async function evaluate<T>(page: string, { width, height }: Window, script: string): Promise<T> {
  const source = page.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  const outside = `<!doctype html><title></title>
<iframe style="border:0" width="${width}" height="${height}" srcdoc="${source}"></iframe>
<script>
const frame = document.querySelector("iframe");
const ask = (document) => { ${script} };
frame.onload = () => { document.title = JSON.stringify(ask(frame.contentDocument)); };
</script>`;
  const window = { width: Math.max(width, 600), height };
  const dom = await inBrowser(outside, window, (run) => run("--dump-dom"));
  return JSON.parse(/<title>(.*?)<\/title>/s.exec(dom)?.[1] ?? "") as T;
}

async function inBrowser<T>(
  page: string,
  { width, height, dark = false }: Window,
  act: (run: (argument: string) => Promise<string>, folder: string) => Promise<T>,
): Promise<T> {
  const browser = process.env.LARDER_LAB_CHROMIUM;
  if (!browser) throw new Error("LARDER_LAB_CHROMIUM is not set: run the tests with npm run e2e");
  const folder = mkdtempSync(join(tmpdir(), "larder-page-"));
  try {
    writeFileSync(join(folder, "page.html"), page);
    // The browser's own names: 0 is dark, 1 is light.
    const scheme = `--blink-settings=preferredColorScheme=${dark ? 0 : 1}`;
    const size = [`--window-size=${width},${height}`, "--hide-scrollbars", "--force-device-scale-factor=1"];
    const run = (argument: string) =>
      output(browser, [folder, ...size, scheme, argument, "file:///mnt/page.html"], { timeout: 60_000 });
    return await act(run, folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
