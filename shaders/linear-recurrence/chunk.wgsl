// A chunk of SPAN tokens in QUADS vectors, for kernels that have WIDTH, CHANNELS, PLANES, WORKGROUP, k, pairs and
// decays: its keys in workgroup memory, their products with a column of the state, and what is written to the column.

const QUADS: u32 = 4;  // of tokens in a chunk
const SPAN: u32 = 4 * QUADS;

const ENTERING: u32 = 0;  // planes of decays: from the beginning of the chunk to a token
const LEAVING: u32 = 1;   // from a token to the end of the chunk

var<workgroup> tile: array<vec4f, WIDTH * QUADS>;  // [quad, row] of keys or queries, decayed; 0 past the last token

fn decay(token: u32, row: u32, plane: u32) -> f32 {
  return decays[(token * PLANES + plane) * CHANNELS + row % CHANNELS];
}

// Fills the tile with keys, decayed. `values` and `keys` are the first token of the chunk and its first number.
fn load_keys(values: u32, keys: u32, count: u32, plane: u32, thread: u32) {
  for (var i = thread; i < WIDTH * QUADS; i += WORKGROUP) {
    let row = i % WIDTH;
    let quad = i / WIDTH;
    var four = vec4f();
    for (var j = 0u; j < 4 && quad * 4 + j < count; j++) {
      let token = quad * 4 + j;
      four[j] = decay(values + token, row, plane) * k[keys + token * WIDTH + row];
    }
    tile[quad * WIDTH + row] = four;
  }
}

// The tile's products with a column: a number for each token.
fn product(column: ptr<function, array<f32, WIDTH>>) -> array<vec4f, QUADS> {
  var sums = array<vec4f, QUADS>();
  for (var row = 0u; row < WIDTH; row++) {
    let own = (*column)[row];
    for (var quad = 0u; quad < QUADS; quad++) { sums[quad] = fma(tile[quad * WIDTH + row], vec4f(own), sums[quad]); }
  }
  return sums;
}

// What the tokens add to a row of a column, from numbers that they have.
fn added(row: u32, numbers: array<vec4f, QUADS>) -> f32 {
  var sums = vec4f();
  for (var quad = 0u; quad < QUADS; quad++) { sums = fma(tile[quad * WIDTH + row], numbers[quad], sums); }
  return sums.x + sums.y + sums.z + sums.w;
}

// Of a column: each token's error, of which it writes a part.
struct Solved { errors: array<vec4f, QUADS>, written: array<vec4f, QUADS> }

// Solves for what the tokens of the chunk write, from v - stateᵀ · k: what one writes, the later ones read.
fn solve(given: array<vec4f, QUADS>, pair: u32) -> Solved {
  var left = given;  // what is read of earlier tokens has been taken off
  var solved = Solved();
  for (var quad = 0u; quad < QUADS; quad++) {
    for (var j = 0u; j < 4; j++) {
      let own_pairs = pair + (quad * 4 + j) * QUADS;
      let written = pairs[own_pairs + quad][j] * left[quad][j];  // beta on the diagonal
      solved.errors[quad][j] = left[quad][j];
      solved.written[quad][j] = written;
      if (READS != 0) {
        for (var later = quad; later < QUADS; later++) {
          left[later] = fma(-pairs[own_pairs + later], vec4f(written), left[later]);
        }
      }
    }
  }
  return solved;
}
