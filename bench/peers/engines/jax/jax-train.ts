import type { FileSource } from "../../../../src/index.ts";
import { adamw, adamwScalars } from "../../train/train.ts";
import type { TrainProblem } from "../../train/train-problem.ts";
import type { Prepared } from "../engine.ts";
import { preparedTraining, type Training } from "../training.ts";
import type { Jax, JaxArray, JaxArrays } from "./jax-api.ts";
import { blockLoss, type JaxLoss, modelLoss, type Values } from "./jax-losses.ts";

/** Weights, and the running means of their gradients and squared gradients. */
type State = [weights: JaxArrays, first: JaxArrays, second: JaxArrays];
type Step = (...given: [...State, scalars: JaxArray, data: JaxArrays]) => [loss: JaxArray, norm: JaxArray, ...State];

/** A step of jax-js: one function under `jit` from weights to new weights; `source` opens the bundled model. */
export const trainWays = (
  api: Jax,
  problem: TrainProblem,
  source: () => FileSource | Promise<FileSource>,
): (() => Promise<Prepared>)[] => [
  async () => {
    const given = problem.batch === undefined ? blockLoss(api, problem) : await modelLoss(api, problem, await source());
    const step = api.jit(stepOf(api, given));
    const variant = `${given.variant}, valueAndGrad, AdamW composed, jit`;
    return await preparedTraining(
      variant,
      () => begin(api, given, step),
      () => step.dispose?.(),
    );
  },
];

/** Its optimizers are a separate package; this is its AdamW, with as few passes over the weights as possible. */
function stepOf({ numpy, tree, valueAndGrad }: Jax, { loss }: JaxLoss): Step {
  const { betas, eps, decay, clip } = adamw;
  const [kept1, kept2] = betas;
  return (weights, first, second, scalars, data) => {
    const [value, gradients] = valueAndGrad((of) => loss(of, data))(tree.ref(weights));
    const squares = Object.values(gradients).map((gradient) => numpy.square(gradient.ref).sum());
    const norm = numpy.sqrt(squares.reduce((sum, one) => sum.add(one)));
    const factor = numpy.minimum(1, numpy.reciprocal(norm.ref.add(1e-6)).mul(clip));
    const shared = {
      new1: factor.ref.mul(1 - kept1),
      new2: factor.ref.mul(factor).mul(1 - kept2),
      rate: scalars.ref.slice(0),
      correction1: scalars.ref.slice(1),
      correction2: scalars.slice(2),
    };
    const next: State = [{}, {}, {}];
    for (const [name, weight] of Object.entries(weights)) {
      const [gradient, mean, square] = [gradients[name], first[name], second[name]];
      if (!gradient || !mean || !square) throw new RangeError(`${name} has no gradient`);
      const { new1, new2, rate, correction1, correction2 } = tree.ref(shared) as typeof shared;
      const newMean = mean.mul(kept1).add(gradient.ref.mul(new1));
      const newSquare = square.mul(kept2).add(gradient.ref.mul(gradient).mul(new2));
      const root = numpy.sqrt(newSquare.ref.mul(correction2)).add(eps);
      const update = newMean.ref.mul(correction1).div(root);
      const isMatrix = weight.shape.length > 1;
      const kept = isMatrix ? weight.mul(rate.ref.mul(-decay).add(1)) : weight;
      next[0][name] = kept.sub(update.mul(rate));
      next[1][name] = newMean;
      next[2][name] = newSquare;
    }
    tree.dispose(shared);
    return [value, norm, ...next];
  };
}

/** Each step is awaited, as its documentation advises for loops; this also submits the step's work. */
async function begin({ numpy, tree, blockUntilReady }: Jax, given: JaxLoss, step: Step): Promise<Training> {
  const all = (of: Readonly<Record<string, Values>>, make: (one: Values) => JaxArray): JaxArrays =>
    Object.fromEntries(Object.entries(of).map(([name, one]) => [name, make(one)]));
  const uploaded = ({ shape, values }: Values) => numpy.array(values).reshape(shape);
  const zeros = () => all(given.weights, ({ shape }) => numpy.zeros(shape));
  let state: State = [all(given.weights, uploaded), zeros(), zeros()];
  const data = all(given.data, uploaded);
  await blockUntilReady([...state, data]);
  let last: readonly JaxArray[] = [];
  let steps = 0;
  return {
    step: async () => {
      const [loss, norm, ...next] = step(...state, numpy.array(adamwScalars(++steps)), tree.ref(data));
      for (const one of last) one.dispose();
      [state, last] = [next, [loss, norm]];
      await loss.blockUntilReady();
    },
    settle: async () => {},
    figures: async () => {
      const [loss, norm] = await Promise.all(last.map((one) => one.ref.data()));
      return [loss?.[0] ?? Number.NaN, norm?.[0] ?? Number.NaN];
    },
    matrices: () =>
      Promise.all(
        Object.values(state[0])
          .filter(({ shape }) => shape.length > 1)
          .map((weight) => weight.ref.data()),
      ),
    dispose: () => tree.dispose([...state, data, last]),
  };
}
