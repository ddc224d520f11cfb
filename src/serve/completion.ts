import { setTimeout as delay } from "node:timers/promises";
import type { Usage } from "../engine/openai/types.ts";
import { openEvents } from "./events.ts";
import { type Exchange, sendJson } from "./exchange.ts";
import type { Figures } from "./figures.ts";

/** Milliseconds in which an error still gets a status, before the answer begins without a first part. */
const patience = 5_000;

/** Milliseconds between signs of life while there is nothing to send: less than the 30 to 60 s that proxies wait. */
const pulse = 15_000;

/** A part of an answer, as far as the server reads it. */
interface Part {
  readonly choices: readonly unknown[];
  readonly usage?: Usage | null;
}

const isStream = (answer: object): answer is AsyncIterable<Part> => Symbol.asyncIterator in answer;

function count({ promptTokens, generatedTokens }: Figures, usage: Partial<Usage> | null | undefined): void {
  promptTokens.add(usage?.prompt_tokens ?? 0);
  generatedTokens.add(usage?.completion_tokens ?? 0);
}

/** A request that also reports its tokens at the end of a stream, for the figures; `asked` if it did so by itself. */
function withUsage(body: Readonly<Record<string, unknown>>): {
  request: Readonly<Record<string, unknown>>;
  asked: boolean;
} {
  const options = body["stream_options"] ?? {};
  if (body["stream"] !== true || typeof options !== "object" || Array.isArray(options))
    return { request: body, asked: true };
  const { include_usage: asked } = options as { include_usage?: unknown };
  if (asked !== undefined && asked !== false) return { request: body, asked: true }; // true, or wrong
  return { request: { ...body, stream_options: { ...options, include_usage: true } }, asked: false };
}

/** Answers a request with what the engine makes of it: JSON, or events as they come. */
export async function answer(
  exchange: Exchange,
  figures: Figures,
  body: Readonly<Record<string, unknown>>,
  create: (request: Readonly<Record<string, unknown>>, options: { signal: AbortSignal }) => Promise<object>,
): Promise<void> {
  const { signal } = exchange;
  const { request, asked } = withUsage(body);
  const made = await create(request, { signal });
  if (isStream(made)) {
    await sendParts(exchange, figures, made[Symbol.asyncIterator](), asked);
    return;
  }
  signal.throwIfAborted();
  count(figures, (made as { usage?: Usage }).usage);
  sendJson(exchange, made);
}

async function sendParts(
  { response, headers, signal, began }: Exchange,
  figures: Figures,
  parts: AsyncIterator<Part>,
  showUsage: boolean,
): Promise<void> {
  let heart: NodeJS.Timeout | undefined;
  try {
    let next = parts.next();
    const waited = new AbortController();
    await Promise.race([next, delay(patience, undefined, { signal: waited.signal })]).finally(() => waited.abort());
    signal.throwIfAborted();
    const events = openEvents(response, headers);
    heart = setInterval(() => {
      if (!response.writableNeedDrain) events.keepAlive();
    }, pulse);
    for (let first = true; ; first = false) {
      const { done, value: part } = await next;
      if (done) break;
      if (first) figures.firstPart.observe((performance.now() - began) / 1000);
      const { usage, ...rest } = part;
      count(figures, usage);
      if (showUsage) await events.send(part, signal);
      else if (part.choices.length > 0) await events.send(rest, signal);
      heart.refresh();
      next = parts.next();
    }
    signal.throwIfAborted();
    events.end();
  } finally {
    clearInterval(heart);
    await parts.return?.();
  }
}
