// Counter-based random numbers: two words that depend on key and counter alone, bitwise the same on every adapter.
//
// Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror and Shaw 2011; constants as in Random123): additions, rotations
// and exclusive ors of u32, with a word of the key added after every fourth round.

const THREEFRY_PARITY: u32 = 0x1bd11bda;
const THREEFRY_ROTATIONS = array<vec4u, 2>(vec4u(13, 15, 26, 6), vec4u(17, 29, 16, 24));

fn threefry2x32(key: vec2u, counter: vec2u) -> vec2u {
  var keys = array<u32, 3>(key.x, key.y, key.x ^ key.y ^ THREEFRY_PARITY);
  var rotations = THREEFRY_ROTATIONS;
  var words = counter + key;
  for (var injection = 1u; injection <= 5; injection++) {
    let rotation = rotations[(injection - 1) % 2];
    for (var round = 0u; round < 4; round++) {
      words.x += words.y;
      words.y = ((words.y << rotation[round]) | (words.y >> (32 - rotation[round]))) ^ words.x;
    }
    words += vec2u(keys[injection % 3], keys[(injection + 1) % 3] + injection);
  }
  return words;
}
