// with: lib/numbers/threefry
// Dropout of attention's weights: the weight of a pair is divided by 1 − rate where its random word is at least
// rate · 2³², and 0 elsewhere. Threefry gives each head of each sequence a key, from seed, step and site as in
// elementwise/dropout, and with this key each query and pair of keys two words: nothing is stored, and the gradient and
// a forward pass that is recorded again drop the same weights, with any tiles.

struct DropoutParams {
  site: u32,
  threshold: u32,  // rate · 2³²
  scale: f32,      // 1 / (1 − rate)
}

@group(2) @binding(64) var<uniform> dropout_params: DropoutParams;
@group(2) @binding(65) var<storage, read> dropoutKey: array<u32>;  // [2]: seed, step

// The key of a head.
fn dropout_key(b: u32, h: u32) -> vec2u {
  return threefry2x32(vec2u(dropoutKey[0], dropoutKey[1]), vec2u(b * params.h + h, dropout_params.site));
}

// The factors of the weights of the query at position q and the four keys from k on.
fn kept_shares(head_key: vec2u, q: u32, k: u32) -> vec4f {
  var words = vec4u(threefry2x32(head_key, vec2u(q, k / 2)), threefry2x32(head_key, vec2u(q, k / 2 + 1)));
  if (k % 2 == 1) { words = vec4u(words.yzw, threefry2x32(head_key, vec2u(q, k / 2 + 2)).x); }
  return select(vec4f(0.0), vec4f(dropout_params.scale), words >= vec4u(dropout_params.threshold));
}

// One of the four.
fn share_at(shares: vec4f, i: u32) -> f32 {
  return shares[i];
}
