import { at, type Dense, dense } from "../../reference/dense.ts";

const f = Math.fround;

/** A recurrence of one head: its decay of each token, and whether the state is read before it is written. */
interface Recurrence {
  /** `[t, d]` */
  readonly q: Dense;
  readonly k: Dense;
  /** `[t, dv]` */
  readonly v: Dense;
  readonly beta: number;
  readonly logDecay: number;
  readonly scale: number;
  readonly reads: boolean;
}

/** A linear recurrence of one head token by token in f32, every operation rounded; out is `[t, dv]`. */
export function linearRecurrence({ q, k, v, beta, logDecay, scale, reads }: Recurrence): Dense {
  const [t = 0, d = 0] = q.shape;
  const dv = v.shape[1] ?? 0;
  const decay = f(Math.exp(f(logDecay)));
  const state = new Float32Array(d * dv);
  const out = dense([t, dv]);
  for (let token = 0; token < t; token++) {
    for (let column = 0; column < dv; column++) {
      let said = 0;
      for (let row = 0; row < d; row++) {
        const own = f((state[row * dv + column] ?? 0) * decay);
        state[row * dv + column] = own;
        if (reads) said = f(said + f(at(k.values, token * d + row) * own));
      }
      const written = f(f(beta) * f(at(v.values, token * dv + column) - said));
      let found = 0;
      for (let row = 0; row < d; row++) {
        const own = f((state[row * dv + column] ?? 0) + f(at(k.values, token * d + row) * written));
        state[row * dv + column] = own;
        found = f(found + f(f(f(scale) * at(q.values, token * d + row)) * own));
      }
      out.values[token * dv + column] = found;
    }
  }
  return out;
}
