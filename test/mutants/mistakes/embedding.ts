import { inShader, type Mistake } from "../mutant.ts";

/** Mistakes in the gradients of embeddings. */
export const embeddingMistakes: readonly Mistake[] = [
  inShader("embedding/backward/naive", "if (ids[token] == id) {", "{", "every token counts"),
  inShader("embedding/backward/naive", "runs += run;", "runs = run;", "only the last run counts"),
  inShader(
    "embedding/backward/naive",
    "params.accumulate == 1",
    "params.accumulate != 1",
    "added where it is not wanted",
  ),
  inShader("embedding/backward/naive", "params.begin + i", "i", "all segments get the first rows"),
  inShader("embedding/backward/naive", "params.scale * sum", "sum", "without the factor"),
  inShader("embedding/sort/digit", "min(ids[token], params.v)", "ids[token]", "no place for ids outside"),
  inShader("embedding/sort/digit", "token = token_at(i)", "token = i", "ids that stay where they were"),
  inShader("embedding/sort/digit", " >> params.shift", "", "every pass by the lowest digit"),
  inShader("embedding/sort/scan", "other < d;", "other <= d;", "a digit's own tokens come before it"),
  inShader("embedding/sort/scan", "before += own;", "", "all chunks in the same places"),
  inShader("embedding/sort/place", "other < thread", "other > thread", "places that are taken twice"),
  inShader("embedding/sort/place", "= token_at(i)", "= i", "a place of the last order for the token"),
  inShader("embedding/backward/segment", "id >= params.end", "id > params.end", "a row past the table"),
  inShader("embedding/backward/segment", "(id - params.begin)", "id", "all segments are the first"),
  inShader("embedding/backward/segment", "dtable[i] += ", "dtable[i] = ", "what was there is lost"),
  inShader("embedding/backward/pieces", "      sum = Vector();", "", "the sum goes on into the next id"),
  inShader("embedding/backward/pieces", "      continued = false;", "", "all runs are taken to come from before"),
  inShader("embedding/backward/pieces", "select(1u, 0u, continued)", "0u", "parts in one place"),
  inShader(
    "embedding/backward/pieces",
    "end < params.t && id_at(min(end, params.t - 1)) == id",
    "false",
    "runs end early",
  ),
  inShader("embedding/backward/pieces", "dy[order[at]", "dy[at", "rows in the order of the tokens"),
  inShader("embedding/backward/join", " || begins_before", "", "a long run is added several times"),
  inShader("embedding/backward/join", "(2 * piece + 1)", "(2 * piece)", "the part of the run before"),
  inShader("embedding/backward/join", "edge += PIECE;", "edge = params.t;", "two pieces at the most"),
  inShader("embedding/backward/join", "      total += run;", "", "runs that are lost"),
];
