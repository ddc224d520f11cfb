import type { Gpu } from "../../../src/gpu/gpu.ts";
import { dot, vectorOf } from "../index/search-index.ts";
import { type PrincipalPlane, positionIn, principalPlane } from "../map/principal.ts";
import { matchable, wordsOf } from "../text/passages.ts";
import type { LoadedModel } from "./model.ts";
import type { Calls, Found, Marked } from "./protocol.ts";
import { Ranking } from "./ranking.ts";

type Given = Calls["index"][0];

const nextTask = () => new Promise((resolve) => setTimeout(resolve));

/** Maximum passages whose sentence vectors are cached. */
const keptSentences = 2000;

/** Minimum cosine of a passage with its stored vector: f16 and other adapters' arithmetic differ by less. */
const same = 0.99;

/** Passages with their vectors on the GPU. */
export class IndexedPassages {
  readonly #given: Given;
  readonly #ranking: Ranking;
  /** Vectors of the sentences that can match, by passage. */
  readonly #sentences = new Map<number, readonly Float32Array[]>();
  #plane: PrincipalPlane | undefined;
  /** The last query, once answered. */
  #answered: Promise<unknown> = Promise.resolve();

  private constructor(given: Given, ranking: Ranking) {
    this.#given = given;
    this.#ranking = ranking;
  }

  static async of(gpu: Gpu, given: Given): Promise<IndexedPassages> {
    const { passages, vectors, width } = given;
    return new IndexedPassages(given, await Ranking.of(gpu, vectors, passages.length, width));
  }

  /** Throws if the vectors are not the model's: an index made with another model. */
  async check(model: LoadedModel, signal: AbortSignal): Promise<void> {
    const { passages, width } = this.#given;
    const { width: expected } = model.facts;
    if (width !== expected) {
      throw new Error(`the index has vectors of ${width} elements, but the model makes ${expected}`);
    }
    const [first] = passages;
    const [own] = first ? await model.vectors([wordsOf(first)], signal) : [];
    const cosine = own ? dot(own, vectorOf(this.#given, 0)) : 1;
    if (!(cosine >= same)) {
      throw new Error(
        `the index is not this model's: the first passage's vector has the cosine ${cosine.toFixed(3)} with the model's, expected 1`,
      );
    }
  }

  /** The passages nearest to a query. A map being computed waits meanwhile. */
  search(model: LoadedModel, query: string, signal: AbortSignal): Promise<Found> {
    const found = this.#search(model, query, signal);
    this.#answered = found.catch(() => undefined);
    return found;
  }

  async #search(model: LoadedModel, query: string, signal: AbortSignal): Promise<Found> {
    const begun = performance.now();
    const vector = await model.query(query, signal);
    const embedded = performance.now();
    const top = await this.#ranking.top(vector);
    const ended = performance.now();
    return {
      hits: top.map((passage) => ({ passage, cosine: dot(vector, vectorOf(this.#given, passage)) })),
      embedMs: embedded - begun,
      rankMs: ended - embedded,
      position: this.#plane && positionIn(this.#plane, vector),
    };
  }

  /**
   * The sentence of each of these passages nearest to the query. One passage at a time, so that the next query waits
   * for at most one.
   */
  async mark(
    model: LoadedModel,
    query: string,
    passages: readonly number[],
    report: (marked: Marked) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const vector = await model.query(query, signal);
    for (const passage of passages) {
      const of = this.#given.passages[passage];
      if (!of) throw new Error(`there is no passage ${passage}`);
      const which = matchable(of);
      if (!this.#sentences.has(passage)) {
        const alone = of.sentences.length === 1 && vectorOf(this.#given, passage);
        const words = which.map((i) => of.sentences[i] ?? "");
        this.#keep(passage, alone ? [alone] : await model.vectors(words, signal));
      }
      const cosines = (this.#sentences.get(passage) ?? []).map((row) => dot(vector, row));
      const cosine = Math.max(...cosines);
      report({ passage, sentence: which[cosines.indexOf(cosine)] ?? 0, cosine });
    }
  }

  #keep(passage: number, rows: readonly Float32Array[]): void {
    const [oldest] = this.#sentences.keys();
    if (this.#sentences.size >= keptSentences && oldest !== undefined) this.#sentences.delete(oldest);
    this.#sentences.set(passage, rows);
  }

  /** The positions of the passages in the plane in which they differ most. */
  async map(signal: AbortSignal): Promise<Calls["map"][1]> {
    const { passages, vectors, width } = this.#given;
    const steps = principalPlane(vectors, passages.length, width);
    let step = steps.next();
    while (!step.done) {
      await nextTask(); // lets waiting queries start
      await this.#answered;
      signal.throwIfAborted();
      step = steps.next();
    }
    const { plane, points } = step.value;
    this.#plane = plane;
    return { points, shares: plane.shares };
  }

  dispose(): void {
    this.#ranking.dispose();
    this.#sentences.clear();
  }
}
