// with: attention/cache/f32, attention/masks/causal, attention/scores/none, attention/score-derivatives/one
// with: attention/backward/row, attention/dropout/none, lib/online-softmax, lib/products
// The contribution of a query and a key to the gradients of attention, from the log-sum-exp of the query's row and the
// number that the gradient of its softmax subtracts (attention/backward/stats).

@group(0) @binding(0) var<storage, read> q: array<vec4f>;      // [b, h, t, d]
@group(0) @binding(3) var<storage, read> dout: array<vec4f>;   // [b, h, t, dv]
@group(0) @binding(4) var<storage, read> stats: array<vec2f>;  // [b, h, t, 2]

// The weight with which the key's value counts, and the gradient of their dot product; both 0 where the mask hides the
// key.
fn pair_gradients(b: u32, h: u32, t: u32, key: u32) -> vec2f {
  return score_gradients(b, h, t, key) * vec2f(1.0, params.scale);
}

// The weight, and the gradient of the score times the score's derivative.
fn score_gradients(b: u32, h: u32, t: u32, key: u32) -> vec2f {
  let position = first_query(b) + t;
  if (!mask_mod(b, h, position, key)) { return vec2f(0.0); }
  let group = h / (params.h / params.g);
  let q_first = q_row(b, h, t) / 4;
  let k_first = k_row(b, group, key);
  var products = vec4f(0.0);
  for (var i = 0u; i < params.d / 4; i++) {
    products = fma(q[q_first + i], load_k4(k_first, i), products);
  }
  let product = dot(products, vec4f(1.0)) * params.scale;
  let score = score_mod(product, b, h, position, key);
  let row = stats[row_of(b, h, t)];
  let weight = select(exp(score - row.x), 0.0, score <= LOWEST);
  if (weight == 0.0) { return vec2f(0.0); }

  let dout_first = dout_row(b, h, t);
  let v_first = v_row(b, group, key);
  var dweight = 0.0;  // element by element, as out · dout: where one key has all the weight they are bitwise the same
  for (var i = 0u; i < params.dv / 4; i++) {
    dweight = add_dot(dout[dout_first + i], load_v4(v_first, i), dweight);
  }
  let kept = kept_shares(dropout_key(b, h), position, key).x;
  let dscore = weight * (dweight * kept - row.y);
  return vec2f(weight * kept, dscore * score_derivative(product, b, h, position, key));
}
