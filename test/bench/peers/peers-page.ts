// The page of peers-page.test.ts: every engine, and one that is wrong by a thousandth.
import type { Engine, Prepared } from "../../../bench/peers/engines/engine.ts";
import { everyEngine } from "../../../bench/peers/engines/every.ts";
import { startPage } from "../../../site/peers/page.tsx";

function wrongBy(factor: number, engine: Engine): Engine {
  const wrong = (prepared: Prepared): Prepared => ({
    ...prepared,
    variant: "wrong",
    read: async () => Float32Array.from(await prepared.read(), (value) => value * factor),
  });
  return {
    ...engine,
    name: "a wrong engine",
    peer: true,
    open: async () => {
      const open = await engine.open();
      const { ways = () => [], training = () => [], vectors = () => [], sequences = () => [], texts = () => [] } = open;
      const all = (given: readonly (() => Promise<Prepared>)[]) => given.map((way) => async () => wrong(await way()));
      return {
        ...open,
        ways: (problem) => all(ways(problem)),
        training: (problem) => all(training(problem)),
        vectors: (problem) => all(vectors(problem)),
        sequences: (problem) => all(sequences(problem)),
        texts: (problem) => all(texts(problem)),
      };
    },
  };
}

startPage((gpu) => {
  const [ours, ...peers] = everyEngine(gpu);
  return ours ? [ours, ...peers, wrongBy(1.001, ours)] : [];
});
