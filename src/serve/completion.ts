import type { Usage } from "../engine/openai/types.ts";
import { type EventStream, openEvents } from "./events.ts";
import { type Exchange, sendJson } from "./exchange.ts";
import type { Figures } from "./figures.ts";

/** Milliseconds in which an error still gets a status, before the answer begins without a first part. */
const patience = 5_000;

/** Milliseconds between signs of life while there is nothing to send: less than the 30 to 60 s that proxies wait. */
const pulse = 15_000;

/** A request's body: what is in it is the engine's to check. */
type Body = Readonly<Record<string, unknown>>;

/** A part of an answer, as far as the server reads it. */
interface Part {
  readonly choices: readonly unknown[];
  readonly usage?: Usage | null;
}

/** What answers a request: a value, or with `stream` its parts. */
export type Create = (request: Body, options: { readonly signal: AbortSignal }) => Promise<object>;

function count(figures: Figures, usage: Partial<Usage> | null | undefined): void {
  const { promptTokens, generatedTokens, draftTokens, acceptedTokens } = figures;
  const { accepted_prediction_tokens: accepted = 0, rejected_prediction_tokens: rejected = 0 } =
    usage?.completion_tokens_details ?? {};
  draftTokens.add(accepted + rejected);
  acceptedTokens.add(accepted);
  promptTokens.add(usage?.prompt_tokens ?? 0);
  generatedTokens.add(usage?.completion_tokens ?? 0);
}

/** A request for a stream that ends with a report of its tokens, for the figures; `asked` where it was one before. */
function withUsage(body: Body): { readonly request: Body; readonly asked: boolean } {
  const options = body["stream_options"] ?? {};
  if (typeof options !== "object" || Array.isArray(options)) return { request: body, asked: true }; // it is refused
  const { include_usage: asked } = options as { readonly include_usage?: unknown };
  if (asked !== undefined && asked !== false) return { request: body, asked: true };
  return { request: { ...body, stream_options: { ...options, include_usage: true } }, asked: false };
}

/** Answers a request with what the engine makes of it: JSON, or events as they come. */
export async function answer(exchange: Exchange, figures: Figures, body: Body, create: Create): Promise<void> {
  const { signal } = exchange;
  if (body["stream"] === true) {
    const { request, asked } = withUsage(body);
    await sendParts(exchange, figures, create(request, { signal }) as Promise<AsyncIterable<Part>>, asked);
    return;
  }
  const made = await create(body, { signal });
  signal.throwIfAborted();
  count(figures, (made as { readonly usage?: Usage }).usage);
  sendJson(exchange, made);
}

async function sendParts(
  { response, headers, signal, began }: Exchange,
  figures: Figures,
  making: Promise<AsyncIterable<Part>>,
  showUsage: boolean,
): Promise<void> {
  let events: EventStream | undefined;
  const begin = () => {
    events ??= openEvents(response, headers);
    return events;
  };
  const beginning = setTimeout(begin, patience);
  const heart = setInterval(() => {
    if (events && !response.writableNeedDrain) events.keepAlive();
  }, pulse);
  try {
    let first = true;
    for await (const part of await making) {
      if (first) figures.firstPart.observe((performance.now() - began) / 1000);
      first = false;
      const { usage, ...rest } = part;
      count(figures, usage);
      if (showUsage) await begin().send(part, signal);
      else if (part.choices.length > 0) await begin().send(rest, signal);
      heart.refresh();
    }
    signal.throwIfAborted();
    begin().end();
  } finally {
    clearTimeout(beginning);
    clearInterval(heart);
  }
}
