import { signal } from "@preact/signals";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { ExpertsOfTokens } from "../../../src/engine/engine.ts";
import type { Drawing } from "../../shell/tokens/drawn.ts";
import type { HeadChoice } from "../../shell/tokens/head-picker.tsx";
import { TokenStrip } from "../../shell/tokens/token-strip.tsx";
import type { ShownToken } from "../../shell/tokens/tokens.ts";
import { load } from "../model/load.ts";
import { AttentionStrip } from "../strips/attention-strip.tsx";
import { ExpertsStrip } from "../strips/experts-strip.tsx";
import { fitAtOnce, weightIn, weightsOf } from "../strips/head-weights.ts";
import type { Reply } from "../text/reply.ts";
import { branch, isWriting, latest, regenerate, switchTokens, withTokens } from "../text/state.ts";
import { engineNow } from "../worker/client.ts";

/** The token shown in all strips, and the one under the pointer. */
const chosen = signal<number | undefined>(undefined);
const lit = signal<number | undefined>(undefined);

function useTokens(): readonly ShownToken[] {
  const reply = latest.value;
  const [given, tokens] = [reply?.given, reply?.tokens];
  return useMemo(() => [...(given ?? []), ...(tokens ?? [])], [given, tokens]);
}

/** Each token with its probability. */
export function TokensPanel() {
  const tokens = useTokens();
  const reply = latest.value;
  const known = reply?.tokens.some(({ logprob }) => logprob !== undefined) === true;
  const asks = !isWriting.value && load.value.kind === "ready";
  const drawing = useMemo(() => (asks && reply ? drawingOf(reply, tokens) : undefined), [asks, reply, tokens]);
  return (
    <>
      <p>
        <label>
          <input
            type="checkbox"
            checked={withTokens.value}
            onChange={({ currentTarget }) => switchTokens(currentTarget.checked)}
          />{" "}
          Ask for each token's probability, and ten candidates
        </label>
      </p>
      {tokens.length === 0 && (
        <p class="small muted">The tokens of the last reply will appear here, tinted by probability.</p>
      )}
      {reply && withTokens.value && !known && !isWriting.value && (
        <p class="row small">
          This reply was written without probabilities.
          <button type="button" onClick={regenerate}>
            Write it again with them
          </button>
        </p>
      )}
      {tokens.length > 0 && (
        <TokenStrip
          tokens={tokens}
          chosen={chosen.value}
          lit={lit.value}
          onChoose={(index) => {
            chosen.value = index;
          }}
          drawing={drawing}
          onContinue={isWriting.value ? undefined : (index, { token, text }) => branch(index, token, text)}
        />
      )}
    </>
  );
}

/** How a reply's tokens were drawn, by the settings of its request; unknown for the tokens that it continues. */
function drawingOf({ request, given }: Reply, tokens: readonly ShownToken[]): Drawing {
  const from = request.tokens?.length ?? given.length;
  const { temperature, topK, topP, minP, repetitionPenalty, presencePenalty, frequencyPenalty } = request;
  return {
    from,
    ask: async (index, of, signal) =>
      (await engineNow()).probabilities({
        temperature,
        topK,
        topP,
        minP,
        repetitionPenalty,
        presencePenalty,
        frequencyPenalty,
        tokens: tokens.slice(0, index).map(({ token }) => token),
        of,
        generated: index - from,
        signal,
      }),
  };
}

/** The last result, with the tokens and the request that it belongs to. */
type Asked<T> =
  | { readonly kind: "waiting" }
  | { readonly kind: "known"; readonly value: T }
  | { readonly kind: "failed"; readonly why: string };

/** Asks the engine for something about tokens, once the reply is finished. */
function useAsked<T>(
  ask: (ids: readonly number[], signal: AbortSignal) => Promise<T>,
  tokens: readonly ShownToken[],
  key: string,
): Asked<T> {
  const [state, setState] = useState<Asked<T>>({ kind: "waiting" });
  const ready = load.value.kind === "ready" && !isWriting.value && tokens.length > 0;
  useEffect(() => {
    setState({ kind: "waiting" });
    if (!ready) return;
    const ended = new AbortController();
    ask(
      tokens.map(({ token }) => token),
      ended.signal,
    ).then(
      (value) => !ended.signal.aborted && setState({ kind: "known", value }),
      (error: unknown) =>
        !ended.signal.aborted &&
        setState({ kind: "failed", why: error instanceof Error ? error.message : String(error) }),
    );
    return () => ended.abort();
  }, [ready, tokens, key]);
  return state;
}

/** What the chosen token attends to: in all heads together, unless there are too many. */
export function AttentionPanel() {
  const tokens = useTokens();
  const [choice, setChoice] = useState<HeadChoice>({ layer: undefined, head: undefined });
  const position = Math.min(chosen.value ?? tokens.length - 1, tokens.length - 1);
  const info = load.value.kind === "ready" ? load.value.info : undefined;
  const perHead = info !== undefined && fitAtOnce(info.layers, info.heads, position + 1);
  const asked = useAsked(
    async (ids, signal) => {
      const { layer, head } = choice;
      const one = { ...(layer === undefined ? {} : { layer }), ...(head === undefined ? {} : { head }) };
      const which = perHead ? { perHead } : one;
      return await (await engineNow()).attention({ tokens: ids.slice(0, position + 1), position, ...which, signal });
    },
    tokens,
    perHead ? `${position}` : `${position} ${choice.layer} ${choice.head}`,
  );
  const known = asked.kind === "known" ? asked.value : undefined;
  const weights = useMemo(() => known && weightsOf(known, choice), [known, choice]);
  if (!info || tokens.length === 0)
    return <p class="small muted">What a token of the last reply attends to will appear here.</p>;
  if (isWriting.value) return <p class="small muted">Attention is computed when the reply is finished.</p>;
  if (asked.kind === "failed") return <p class="problem">{asked.why}</p>;
  return (
    <AttentionStrip
      tokens={tokens}
      position={position}
      layers={info.layers}
      heads={info.heads}
      choice={choice}
      onPick={setChoice}
      lit={lit.value}
      weights={weights}
      weightIn={known?.perHead && ((layer, head, at) => weightIn(known, layer, head, at))}
      onPoint={(index) => {
        lit.value = index;
      }}
    />
  );
}

/** The experts of each token. */
export function ExpertsPanel() {
  const tokens = useTokens();
  const asked = useAsked<ExpertsOfTokens>(
    async (ids, signal) => await (await engineNow()).experts({ tokens: ids, signal }),
    tokens,
    "",
  );
  if (tokens.length === 0)
    return <p class="small muted">The experts of each token of the last reply will appear here.</p>;
  if (isWriting.value) return <p class="small muted">Experts are asked for when the reply is finished.</p>;
  if (asked.kind === "failed") return <p class="problem">{asked.why}</p>;
  if (asked.kind === "waiting") return <p class="small muted">Computing the experts…</p>;
  return (
    <ExpertsStrip
      tokens={tokens}
      experts={asked.value}
      lit={lit.value}
      onChoose={(index) => {
        chosen.value = index;
      }}
    />
  );
}
