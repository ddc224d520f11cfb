import { type Checks, oneOf, required } from "../../options/checks.ts";
import { sigmoid } from "../activation.ts";
import { given, optionalTensor, tensor } from "../arguments.ts";
import { at, axes, type Dense, dense, dot } from "../dense.ts";
import { expertsOfSlots, type RoutingRule, ruleChecks } from "./routing.ts";

/** A gated activation and its derivatives with respect to gate and up. */
type Slopes = (gate: number, up: number) => readonly [value: number, byGate: number, byUp: number];

const swiglu: Slopes = (gate, up) => {
  const s = sigmoid(gate);
  const bounded = Math.max(-1000, Math.min(1000, gate)); // beyond it infinity times 0 would be NaN
  return [gate * s * up, up * s * (1 + bounded * sigmoid(-bounded)), gate * s];
};

const clampedSwiglu: Slopes = (gate, up) => {
  const [g, u] = [Math.min(gate, 7), Math.max(-7, Math.min(up, 7)) + 1];
  const s = sigmoid(1.702 * g);
  const bounded = Math.max(-1000, 1.702 * g);
  const byGate = gate <= 7 ? u * s * (1 + bounded * sigmoid(-bounded)) : 0;
  return [g * s * u, byGate, Math.abs(up) <= 7 ? g * s : 0];
};

const SLOPES = { swiglu, "clamped-swiglu": clampedSwiglu };

/** The tensors of {@link mixtureBackward}. */
interface Tensors {
  x: Dense;
  experts: Dense;
  weights: Dense;
  gateUp: Dense;
  down: Dense;
  gateUpBias?: Dense | undefined;
  downBias?: Dense | undefined;
  dy: Dense;
}

/** The gradients of {@link mixtureBackward}. */
interface Gradients {
  dx: Dense;
  dweights: Dense;
  dgateUp: Dense;
  ddown: Dense;
  dgateUpBias: Dense;
  ddownBias: Dense;
}

const tensorChecks: Checks<Tensors> = {
  x: tensor,
  experts: tensor,
  weights: tensor,
  gateUp: tensor,
  down: tensor,
  dy: tensor,
  gateUpBias: optionalTensor,
  downBias: optionalTensor,
};

/**
 * Gradients of {@link mixture}. With h = activation(gate · x[t], up · x[t]) and o = down · h + downBias of a slot's
 * expert: `dweights = ⟨dy[t], o⟩`, do = weight · dy[t], and from there back through down and the gated activation. dx
 * is the sum over a token's slots, and each expert's matrices and biases get the sums over the expert's slots: zeros
 * for an expert without slots. A clamped value beyond its limit, not at it, has gradient 0. Each gradient has the shape
 * of its tensor; those of biases are returned even without biases.
 *
 * Throws a RangeError for shapes that do not match, and for an id that is not a non-negative integer.
 */
export function mixtureBackward(tensors: Tensors, options: { activation: "swiglu" | "clamped-swiglu" }): Gradients {
  const { x, experts, weights, gateUp, down, gateUpBias, downBias, dy } = given(
    "mixtureBackward",
    tensors,
    tensorChecks,
  );
  const { activation } = given("mixtureBackward", options, { activation: required(oneOf(...Object.keys(SLOPES))) });
  const patterns = {
    x: "t c",
    experts: "t k",
    weights: "t k",
    gateUp: "inputs c",
    down: "outputs f",
    dy: "t c",
  } as const;
  const sizes = axes("mixtureBackward", { x, experts, weights, gateUp, down, dy }, patterns);
  const { c, k, f, inputs, outputs } = sizes;
  const count = outputs / c;
  if (!Number.isInteger(count) || inputs !== count * 2 * f) {
    throw new RangeError(
      `mixtureBackward: gateUp and down have ${inputs} and ${outputs} rows, of no number of experts`,
    );
  }
  const found = {
    dx: dense(x.shape),
    dweights: dense(weights.shape),
    dgateUp: dense(gateUp.shape),
    ddown: dense(down.shape),
    dgateUpBias: dense([inputs]),
    ddownBias: dense([outputs]),
  };
  const add = (to: Dense, i: number, value: number) => {
    to.values[i] = at(to.values, i) + value;
  };
  for (const [slot, expert] of expertsOfSlots("mixtureBackward", experts).entries()) {
    if (expert >= count) continue;
    const token = Math.floor(slot / k);
    const weight = at(weights.values, slot);
    const own = dy.values.subarray(token * c, (token + 1) * c);
    const gateUpRow = (row: number): number =>
      dot(x.values, token * c, gateUp.values, row * c, c) + (gateUpBias ? at(gateUpBias.values, row) : 0);
    const dhidden = new Float64Array(f);
    for (const [i, value] of own.entries()) {
      const row = expert * c + i;
      for (let j = 0; j < f; j++) dhidden[j] = at(dhidden, j) + value * at(down.values, row * f + j);
      add(found.ddownBias, row, weight * value);
      if (downBias) add(found.dweights, slot, value * at(downBias.values, row));
    }
    for (let j = 0; j < f; j++) {
      const row = expert * 2 * f + 2 * j;
      const [hidden, ...slopes] = SLOPES[activation](gateUpRow(row), gateUpRow(row + 1));
      add(found.dweights, slot, at(dhidden, j) * hidden);
      for (const [i, value] of own.entries()) add(found.ddown, (expert * c + i) * f + j, weight * value * hidden);
      for (const [part, slope] of slopes.entries()) {
        const gradient = weight * at(dhidden, j) * slope;
        add(found.dgateUpBias, row + part, gradient);
        for (let i = 0; i < c; i++) {
          add(found.dgateUp, (row + part) * c + i, gradient * at(x.values, token * c + i));
          add(found.dx, token * c + i, gradient * at(gateUp.values, (row + part) * c + i));
        }
      }
    }
  }
  return found;
}

/**
 * Gradient of {@link route}: from that of the weights to that of the logits, the choice being constant. logits `[t,
 * e]`, experts `[t, k]`, dweights `[t, k]` → dlogits `[t, e]`. With s the scores and S their divisor, 1 for sigmoids
 * without `normalise`: `dlogits = scale · s′ / S · (dweights − Σ weights · dweights / scale)`, the sum only where S
 * depends on scores, and dweights 0 for an expert that is not chosen. Softmax over all experts gives all logits a
 * gradient, the others only those of the chosen.
 */
export function routeBackward(
  tensors: { logits: Dense; experts: Dense; dweights: Dense },
  rule: RoutingRule,
): { dlogits: Dense } {
  const checks = { logits: tensor, experts: tensor, dweights: tensor };
  const { logits, experts, dweights } = given("routeBackward", tensors, checks);
  const patterns = { logits: "t e", experts: "t k", dweights: "t k" } as const;
  const { t, e, k } = axes("routeBackward", { logits, experts, dweights }, patterns);
  const { scores: kind, normalise, scale = 1 } = given("routeBackward", rule, ruleChecks(e));
  const isSoftmax = kind === "softmax";
  const dlogits = dense([t, e]);
  for (let token = 0; token < t; token++) {
    const row = logits.values.subarray(token * e, (token + 1) * e);
    const most = Math.max(...row);
    const scores = row.map((logit) => (isSoftmax ? Math.exp(logit - most) : sigmoid(logit)));
    const chosen = Array.from({ length: k }, (_, i) => at(experts.values, token * k + i));
    const total = (list: Iterable<number>) => [...list].reduce((sum, value) => sum + value, 0);
    const ofChosen = total(chosen.map((id) => at(scores, id))) + (isSoftmax ? 0 : 1e-20);
    const whole = normalise ? ofChosen : isSoftmax ? total(scores) : 1;
    const upstream = (i: number) => at(dweights.values, token * k + i);
    const mean = total(chosen.map((id, i) => (at(scores, id) / whole) * upstream(i)));
    for (let id = 0; id < e; id++) {
      const i = chosen.indexOf(id);
      if (i < 0 && (normalise || !isSoftmax)) continue;
      const centred = (i < 0 ? 0 : upstream(i)) - (normalise || isSoftmax ? mean : 0);
      const slope = isSoftmax ? 1 : sigmoid(-at(row, id));
      dlogits.values[token * e + id] = ((scale * at(scores, id)) / whole) * slope * centred;
    }
  }
  return { dlogits };
}
