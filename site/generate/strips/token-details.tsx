import type { TokenLogprob } from "../../../src/generate/row.ts";
import { count } from "../../shell/format.ts";
import { hexOf, type ShownToken, share, type Unit, visible } from "./tokens.ts";

/** What is known of a unit's tokens: ids, probability, rank, alternatives with the share of all others. */
export function TokenDetails({
  unit,
  onContinue,
}: {
  unit: Unit;
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
            which={tokens.length > 1 ? `token ${i + 1} of ${tokens.length}: ` : ""}
            onContinue={onContinue && ((other) => onContinue(start + i, other))}
          />
        ))
      )}
    </>
  );
}

/** The likeliest tokens in the place of one, as bars, with the share of all others. */
export function Alternatives({
  token: { token, logprob = 0, rank, top = [], alone },
  which = "",
  most = 10,
  onContinue,
}: {
  token: ShownToken;
  which?: string;
  /** How many are listed. */
  most?: number;
  onContinue?: ((token: TokenLogprob) => void) | undefined;
}) {
  const listed = top.slice(0, most);
  const taken = listed.some((other) => other.token === token);
  const rows: readonly TokenLogprob[] = taken ? listed : [...listed, { token, text: alone, logprob }];
  const sum = rows.reduce((total, other) => total + Math.exp(other.logprob), 0);
  const rest = Math.max(0, 1 - sum);
  const largest = Math.max(rest, ...rows.map((other) => Math.exp(other.logprob)));
  return (
    <>
      <p class="small">
        {which}probability <strong>{share(Math.exp(logprob))}</strong>
        {rank !== undefined && (rank === 1 ? ", the likeliest" : `, rank ${count(rank)}`)}
      </p>
      {top.length > 0 && (
        <table class="alternatives">
          <caption class="hidden-text">Alternatives</caption>
          <tbody>
            {rows.map((other) => (
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
                <ShareCells of={Math.exp(other.logprob)} largest={largest} />
              </tr>
            ))}
            <tr>
              <th scope="row">all others</th>
              <ShareCells of={rest} largest={largest} />
            </tr>
          </tbody>
        </table>
      )}
      {onContinue && top.length > 0 && <p class="small muted">Choose one to continue from here with it.</p>}
    </>
  );
}

/** A share as a bar, as long as the largest allows, and as a number. */
function ShareCells({ of, largest }: { of: number; largest: number }) {
  return (
    <>
      <td class="share-bar" aria-hidden="true">
        <span class="share-fill" style={{ width: `${(100 * of) / largest}%` }} />
      </td>
      <td class="number">{share(of)}</td>
    </>
  );
}
