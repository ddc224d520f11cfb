import type { TokenLogprob } from "../../../src/generate/session/row.ts";
import { visible } from "../../../src/text/token-text.ts";
import { count, counted } from "../format.ts";
import { type Drawing, useDrawn } from "./drawn.ts";
import { hexOf, type ShownToken, share, type Unit } from "./tokens.ts";

/** Details of a unit's tokens: ids, probability, rank, alternatives with the share of all others. */
export function TokenDetails({
  unit,
  drawing,
  onContinue,
}: {
  unit: Unit;
  drawing?: Drawing | undefined;
  onContinue: ((index: number, token: TokenLogprob) => void) | undefined;
}) {
  const { tokens, text, start } = unit;
  const [first] = tokens;
  const ids = tokens.map(({ token }) => token).join(", ");
  return (
    <>
      <p>
        <code class="token-glyphs">{visible(text)}</code>{" "}
        <span class="small muted">
          {tokens.length > 1 ? `${tokens.length} tokens, ids ${ids}, bytes ${hexOf(text)}` : `id ${ids}`}
        </span>
      </p>
      {tokens.some(({ logprob }) => logprob === undefined) || !first ? (
        <p class="small muted">
          {first?.generated ? "No probability was recorded." : "Given to the model, so it has no probability."}
        </p>
      ) : (
        tokens.map((token, i) => (
          <Alternatives
            key={start + i}
            token={token}
            index={start + i}
            drawing={drawing && start + i >= drawing.from ? drawing : undefined}
            which={tokens.length > 1 ? `token ${i + 1} of ${tokens.length}: ` : ""}
            onContinue={onContinue && ((other) => onContinue(start + i, other))}
          />
        ))
      )}
    </>
  );
}

/**
 * The likeliest candidates at a position, as bars, with the share of all others: by the model's own distribution and,
 * if available, as they were drawn.
 */
export function Alternatives({
  token: { token, logprob = 0, rank, top = [], alone },
  index = 0,
  drawing,
  which = "",
  most = 10,
  onContinue,
}: {
  token: ShownToken;
  /** Its index among the tokens. */
  index?: number;
  drawing?: Drawing | undefined;
  which?: string;
  /** Number of listed candidates. */
  most?: number;
  onContinue?: ((token: TokenLogprob) => void) | undefined;
}) {
  const listed = top.slice(0, most);
  const taken = listed.some((other) => other.token === token);
  const rows: readonly TokenLogprob[] = taken ? listed : [...listed, { token, text: alone, logprob }];
  const sum = rows.reduce((total, other) => total + Math.exp(other.logprob), 0);
  const rest = Math.max(0, 1 - sum);
  const ids = rows.map((other) => other.token);
  const drawn = useDrawn(top.length > 0 ? drawing : undefined, index, ids);
  const shares = typeof drawn === "object" ? drawn.drawn : undefined;
  const drawnAs = (i: number) => drawn && (shares?.[i] ?? "…");
  const left = shares && 1 - shares.reduce((total, share) => total + share, 0);
  const others = left === undefined ? "…" : left < 1e-9 ? 0 : left; // a rounding error
  const largest = Math.max(rest, ...rows.map((other) => Math.exp(other.logprob)), ...(shares ?? []));
  return (
    <>
      <p class="small">
        {which}probability <strong>{share(Math.exp(logprob))}</strong>
        {rank !== undefined && (rank === 1 ? ", the likeliest" : `, rank ${count(rank)}`)}
      </p>
      {top.length > 0 && (
        <table class="alternatives">
          <caption class="hidden-text">Alternatives</caption>
          {drawn && (
            <thead>
              <tr>
                <th scope="col">token</th>
                <td />
                <th scope="col" class="number">
                  model
                </th>
                <th scope="col" class="number">
                  drawn
                </th>
              </tr>
            </thead>
          )}
          <tbody>
            {rows.map((other, i) => (
              <tr key={other.token} class={other.token === token ? "taken" : ""}>
                <th scope="row">
                  {other.token === token || !onContinue ? (
                    <code>
                      {visible(other.text)}
                      {other.token === token && " ✓"}
                    </code>
                  ) : (
                    <button
                      type="button"
                      class="instead"
                      aria-label={`Continue from here with ${visible(other.text)}`}
                      title={`Continue from here with ${visible(other.text)}`}
                      onClick={() => onContinue(other)}
                    >
                      <code>{visible(other.text)}</code>
                    </button>
                  )}
                </th>
                <ShareCells of={Math.exp(other.logprob)} largest={largest} drawn={drawnAs(i)} />
              </tr>
            ))}
            <tr>
              <th scope="row">all others</th>
              <ShareCells of={rest} largest={largest} drawn={drawn && others} />
            </tr>
          </tbody>
        </table>
      )}
      {drawn && (
        <p class="small muted drawn-words">
          {typeof drawn === "object"
            ? `Drawn from ${counted(drawn.kept, "token")}: outlines are the model's own probabilities, bars what penalties, temperature and filters make of them.`
            : "Computing how it was drawn…"}
        </p>
      )}
      {onContinue && top.length > 0 && <p class="small muted">Choose one to continue from here with it.</p>}
    </>
  );
}

/** A share as a bar, relative to the largest, and as a number; an outline if the drawn share is the bar. */
function ShareCells({ of, largest, drawn }: { of: number; largest: number; drawn?: number | "…" | undefined }) {
  const width = (share: number) => ({ width: `${(100 * share) / largest}%` });
  return (
    <>
      <td class="share-bar" aria-hidden="true">
        <span class={typeof drawn === "number" ? "share-outline" : "share-fill"} style={width(of)} />
        {typeof drawn === "number" && drawn > 0 && <span class="share-fill" style={width(drawn)} />}
      </td>
      <td class="number">{share(of)}</td>
      {drawn !== undefined && <td class="number">{drawn === "…" ? drawn : drawn === 0 ? "–" : share(drawn)}</td>}
    </>
  );
}
