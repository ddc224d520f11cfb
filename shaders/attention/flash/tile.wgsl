// How flash stages k and v in workgroup memory, a piece at a time. Rows from `end` on, and those that are not in memory,
// are not read: they count as zeros. The constants are the kernel's.

var<workgroup> tile: array<vec4f, KEYS * max(VECTORS, VALUE_VECTORS) / CHUNKS>;

// DEPTH vectors of KEYS rows of k, transposed: a vector of the tile holds one column of four neighbouring keys, so that
// the tile is [4 · DEPTH columns][KEYS / 4 vectors of keys].
fn stage_keys(b: u32, group: u32, first_key: u32, end: u32, chunk: u32, thread: u32) {
  for (var i = thread; i < KEYS / 4 * DEPTH; i += THREADS) {
    let key_vector = i / DEPTH;
    let depth = i % DEPTH;
    var values = mat4x4f();
    for (var n = 0u; n < 4; n++) {
      let key = first_key + 4 * key_vector + n;
      if (key < end && key_stored(b, key)) { values[n] = load_k4(k_row(b, group, key), chunk * DEPTH + depth); }
    }
    let columns = transpose(values);
    for (var c = 0u; c < 4; c++) {
      tile[(4 * depth + c) * (KEYS / 4) + key_vector] = columns[c];
    }
  }
}

// CHUNK_KEYS rows of v as they are, [key][vector].
fn stage_values(b: u32, group: u32, first_key: u32, end: u32, thread: u32) {
  for (var i = thread; i < CHUNK_KEYS * VALUE_VECTORS; i += THREADS) {
    let key = first_key + i / VALUE_VECTORS;
    var values = vec4f(0.0);
    if (key < end && key_stored(b, key)) { values = load_v4(v_row(b, group, key), i % VALUE_VECTORS); }
    tile[i] = values;
  }
}

// weights · v of a thread's rows and columns for the keys of this piece, without those whose weight is 0. A key that the
// mask hides may hold anything, and 0 · NaN is NaN: what is NaN in one row of a piece is NaN in all, and is added up anew.
fn without_hidden(own_row: u32, column: u32, keys: u32) -> array<array<vec4f, COLUMNS>, THREAD_ROWS> {
  var piece = array<array<vec4f, COLUMNS>, THREAD_ROWS>();
  for (var key = 0u; key < keys; key++) {
    for (var r = 0u; r < THREAD_ROWS; r++) {
      let weight = weight_tile[(own_row + r) * CHUNK_KEY_VECTORS + key / 4][key % 4];
      for (var c = 0u; c < COLUMNS; c++) {
        let values = tile[key * VALUE_VECTORS + c * COLUMN_THREADS + column];
        piece[r][c] = add_weighted(weight, values, piece[r][c]);
      }
    }
  }
  return piece;
}
