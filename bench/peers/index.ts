import { join } from "node:path";
import { parseProblem, standardCases } from "./problems.ts";
import type { PeerResult, PeerRow } from "./result.ts";
import { repositoryRoot } from "./setup/root.ts";
import { defaultSetup, type Setup, setupHash } from "./setup/setup.ts";

// Modules that need a checkout's packages are loaded only in a checkout.
const loadTools = async () => ({
  ...(await import("./setup/build.ts")),
  ...(await import("./chromium.ts")),
  ...(await import("./drive.ts")),
  ...(await import("./setup/packages.ts")),
});

export { formatCsv } from "../harness/documents.ts";
export { formatPeers, formatPeersMarkdown } from "./report.ts";
export type { PeerResult, PeerRow } from "./result.ts";

/** Options of `bench peers`. */
export interface PeersOptions {
  /** In the notation of `parseProblem`; default the standard set. */
  readonly cases?: readonly string[] | undefined;
  /** Names of engines; default all. */
  readonly engines?: readonly string[] | undefined;
  /** Default lavapipe, or SwiftShader where that is not available. */
  readonly adapter?: string | undefined;
  readonly samples?: number | undefined;
  readonly peaks?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the current activity several times a second. */
  readonly onProgress?: ((doing: string) => void) | undefined;
  /** Called with notices for the user. */
  readonly say?: ((line: string) => void) | undefined;
}

/**
 * Installs the peers if needed, builds the site, and drives its peers page in a headless Chromium. Throws for unknown
 * cases and adapters, and if something that it needs is missing.
 */
export async function benchPeers(options: PeersOptions): Promise<PeerResult> {
  const { adapter, signal, onProgress = () => {}, say = () => {} } = options;
  const root = repositoryRoot();
  const setup = setupOf(options);
  const hashOf = (cases = setup.cases) => setupHash({ ...setup, cases });
  const tools = await loadTools();
  const chosen = adapter === undefined ? await tools.defaultAdapter(root, say) : tools.parseAdapter(adapter);
  const folder = await builtSite(root, join(root, usualFolder), options);
  return await tools.drivePage({ root, folder, adapter: chosen, hashOf, onProgress, signal });
}

/** The default folder for the built site, in the repository. */
const usualFolder = join(".cache", "peers", "site");

/** Builds the site with the peers in it into a folder, which any web server can serve. */
export async function buildPeers(folder: string, options: PeersOptions): Promise<void> {
  await builtSite(repositoryRoot(), folder, options);
}

/** Builds the site and serves it until `signal`: for your own browser and GPU. Reports the URL of its peers page. */
export async function servePeers(port: number | undefined, options: PeersOptions): Promise<void> {
  const { signal, say = () => {} } = options;
  const root = repositoryRoot();
  const hash = setupHash(setupOf(options));
  const folder = await builtSite(root, join(root, usualFolder), options);
  const { serveBuilt, peersPath } = await loadTools();
  const server = await serveBuilt(folder, port);
  say(`${server.origin}${peersPath}${hash} (Ctrl-C ends it)`);
  await new Promise<void>((resolve) => {
    if (!signal || signal.aborted) resolve();
    signal?.addEventListener("abort", () => resolve(), { once: true });
  });
  await server.close();
}

/** This engine's rows with wrong results. */
export function ownFailures({ rows, engines }: PeerResult): PeerRow[] {
  const own = new Set(engines.filter(({ peer }) => !peer).map(({ name }) => name));
  return rows.filter(({ engine, verdict }) => own.has(engine) && verdict !== "pass");
}

/**
 * The reasons for which a command fails: cases without a row, unless the user stopped it, and wrong results of this
 * engine.
 */
export function failuresOf(result: PeerResult, stopped: boolean): string[] {
  const { unfinished } = result;
  const wrong = ownFailures(result).map(({ id }) => id);
  return [
    ...(unfinished && !stopped ? [`no row of ${unfinished.cases.join(", ")}: ${unfinished.reason}`] : []),
    ...(wrong.length > 0 ? [`this engine has no correct result: ${wrong.join(", ")}`] : []),
  ];
}

function setupOf({ cases = standardCases, engines, samples, peaks }: PeersOptions): Setup {
  return {
    ...defaultSetup,
    cases: cases.map((text) => parseProblem(text).text),
    engines,
    ...(samples === undefined ? {} : { samples }),
    ...(peaks === undefined ? {} : { peaks }),
  };
}

async function builtSite(root: string, folder: string, { say = () => {} }: PeersOptions): Promise<string> {
  const tools = await loadTools();
  const modules = await tools.ensurePeers(root, say);
  await tools.buildSite({ root, modules, folder });
  return folder;
}
