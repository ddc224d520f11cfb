// Control flow, order of evaluation, values and variables.
import { type SmallText, text } from "./frame.ts";

const control: Readonly<Record<string, SmallText>> = {
  switch: text(
    `var sum = 0u;
     for (var i = 0u; i < 12; i++) {
       switch (i + lane) % 9 {
         case 0, 4: { sum += 1; }
         case 1: { if (lane % 2 == 0) { break; } sum += 10; }
         case 2: { continue; }
         case 3, default: { sum += 100; switch i { case 5u: { sum += 7; break; } default { } } }
         case 8u: { if (i > 6) { sum += 1000; break; } sum += 3; }
       }
       sum = sum * 3 + i;
     }
     put(sum);
     switch bitcast<i32>(edges[lane]) { case -1: { put(1); } case 0x7fffffff: { put(2); } case -2147483648: { put(3); }
       default: { put(4); } }`,
    { puts: 2 },
  ),
  loops: text(
    `var sum = 0u; var i = 0u;
     loop {
       if (i % 4 == 3) { continue; }
       if (sum > 900) { break; }
       sum += i * lane;
       continuing { i++; let done = i >= 20 + lane % 3; break if done; }
     }
     put(sum); put(i);
     while (sum > 10) { sum /= 3; if (sum % 5 == 4) { break; } }
     put(sum);
     for (; i > 0;) { i -= 1; for (var j = i; ; j--) { if (j < 2 || j == lane) { break; } sum += j; } }
     put(sum);
     loop { var fresh = 0u; fresh += 1; sum += fresh; if (sum % 7 == lane % 7) { break; } }
     put(sum);`,
    { puts: 5 },
  ),
  "returns from loops": text(`put(first_above(lane)); put(first_above(lane * 3)); if (lane > 20) { return; } put(9);`, {
    puts: 3,
    helpers: `fn first_above(x: u32) -> u32 {
      for (var i = 0u; i < 32; i++) {
        for (var j = 0u; j < 3; j++) { if (edges[i] + j > x * 5 && x > 2) { return i * 10 + j; } }
        if (i == 17) { return 1000; }
      }
      return 2000;
    }`,
  }),
  "order of evaluation": text(
    `trace = 1; var a = array<u32, 4>(1, 2, 3, 4);
     a[note(2) % 4] += note(3) + trace; put(trace); put(a[0]); put(a[1]); put(a[2]); put(a[3]);
     let sum = note(4) - note(5) * (note(6) + trace); put(sum); put(trace);
     put(three(note(7), note(8), trace)); put(trace);
     if ((lane % 2 == 0 && note(1) % 2 == 1) || note(2) % 3 == 0) { trace += 1000; } put(trace);
     let both = (lane > 3) & (note(3) > 0); let either = lane > 3 || note(4) > 0;
     put(select(0u, 1u, both) + select(0u, 2u, either)); put(trace);
     a[trace % 4]++; a[0] = a[1] + note(a[2]); put(a[0] + 3 * a[1] + 9 * a[2] + 27 * a[3]); put(trace);`,
    {
      puts: 14,
      helpers: `var<private> trace: u32;
        fn note(x: u32) -> u32 { trace = trace * 10 + x; return x + trace % 7; }
        fn three(a: u32, b: u32, c: u32) -> u32 { return a + 100 * b + 10000 * c; }`,
    },
  ),
};

const values: Readonly<Record<string, SmallText>> = {
  "dynamic indices": text(
    `let i = edges[lane] % 4; let j = (lane / 3) % 4;
     var v = vec4u(1, 2, 3, 4); v[i] = 10 + lane; v[j] += 5; put(v[0] + v[1] * 100 + v[2] * 10000); put(v[3]);
     put(vec4u(5, 6, 7, 8)[i]); put(TABLE[lane % 5]); let copy = v; v[i] = 0; put(copy[j]); put(v[j]);
     var grid: array<array<vec2u, 3>, 4>;
     for (var k = 0u; k < 12; k++) { grid[k / 3][k % 3] = vec2u(k, k * lane); }
     grid[i][j % 3][lane % 2] = 77; let row = grid[j]; put(row[i % 3].y); put(grid[i][j % 3].x + row[0].x);
     var m = mat3x2<f32>(1, 2, 3, 4, 5, 6); m[i % 3][j % 2] = 9; m[j % 3] = m[i % 3].yx;
     put(u32(m[lane % 3][i % 2])); let whole = m; put(u32(whole[i % 3][1]));
     var s: array<Pair, 3>; s[i % 3].counts[j] = lane; s[j % 3].flag = lane > 4; let t = s[lane % 3];
     put(t.counts[j] + select(0u, 1000u, t.flag)); s[1] = s[i % 3]; put(s[1].counts[i]);`,
    {
      puts: 12,
      helpers: `const TABLE = array<u32, 5>(3, 1, 4, 1, 5); struct Pair { counts: array<u32, 4>, flag: bool }`,
    },
  ),
  "structs and arrays by value": text(
    `var one = Point(vec3u(lane, 2, 3), Inner(array(1u, 2u), 7)); let kept = one;
     let two = moved(one, 4); one.at.x = 99; one.inner.list[1] += 5; swap(&one.inner);
     put(kept.at.x); put(one.at.x); put(two.at.x); put(two.inner.list[lane % 2]); put(one.inner.list[0]);
     put(kept.inner.list[1]); put(one.inner.last); var all = list_of(lane); all[1] = 3; let other = all; all[0] = 1;
     put(other[0]); put(all[0] + all[1]); put(total(other)); put(total(list_of(4))); var none = Point(); put(none.at.z);
     one = Point(one.at.zyx, kept.inner); put(one.at.x + one.inner.list[1]);`,
    {
      puts: 13,
      helpers: `struct Inner { list: array<u32, 2>, last: u32 } struct Point { at: vec3u, inner: Inner }
        fn moved(given: Point, by: u32) -> Point { var to = given; to.at += by; to.inner.list[0] = by; return to; }
        fn swap(p: ptr<function, Inner>) { let first = (*p).list[0]; p.list[0] = p.list[1]; (*p).list[1] = first; }
        fn list_of(x: u32) -> array<u32, 3> { return array(x, x * x, x + 1); }
        fn total(list: array<u32, 3>) -> u32 { var sum = 0u; for (var i = 0; i < 3; i++) { sum += list[i]; } return sum; }`,
    },
  ),
  pointers: text(
    `var kept = array<u32, 4>(1, 2, 3, 4); let p = &kept; let q = &kept[lane % 4]; *q += 10; (*p)[1] = 5; p[0]++;
     add_to(q, lane); add_to(&kept[3], 2); put(kept[0]); put(kept[1] + kept[2]); put(kept[3]);
     add_to_own(&own, 5); add_to_own(&own, lane); put(own);
     add_shared(&cells[lane], lane); add_shared(&cells[lane], 1); put(cells[lane]);
     put(sum_of(&edges, lane % 5)); var pair = vec2u(3, lane); both(&pair, &kept); put(pair.x + pair.y); put(kept[2]);
     let deep = &nested.rows[lane % 2]; deep.x = 4; (*deep).y += lane; put(nested.rows[lane % 2].x + nested.rows[0].y);`,
    {
      puts: 10,
      helpers: `var<private> own: u32 = 100; var<workgroup> cells: array<u32, 32>; struct Rows { rows: array<vec2u, 2> }
        var<private> nested: Rows;
        fn add_to(p: ptr<function, u32>, x: u32) { *p += x; }
        fn add_to_own(p: ptr<private, u32>, x: u32) { *p += x; }
        fn add_shared(p: ptr<workgroup, u32>, x: u32) { *p = *p + x; }
        fn sum_of(p: ptr<storage, array<u32>, read>, first: u32) -> u32 { return p[first] + (*p)[first + 3] + arrayLength(p); }
        fn both(pair: ptr<function, vec2u>, list: ptr<function, array<u32, 4>>) { pair.x = list[0]; *pair += 1; list[2] = (*pair).y; }`,
    },
  ),
  "names, constants, private variables": text(
    `let length = lane + 1; let max = length * 2; put(max); { let max = 7u; put(max + length); } put(max);
     put(SUM); put(u32(THIRD * 3.0 + 0.5)); put(OVER * 2); var workgroup_size = own; own += length; put(workgroup_size);
     put(own); put(list[lane % 3]); list[1] = 50; put(list[1]); const third = SUM / 3; put(third + u32(-5 / 2 + 10));
     put(bitcast<u32>(-2147483648)); put(u32(0x1p4)); put(select(1u, 2u, TRUE)); put(0xffffffff);
     put(u32(vec3(1, 2, 3).zyx.x) + u32(min(3.5, 2)) + ((1u << 31) >> 31));`,
    {
      puts: 16,
      helpers: `const SUM = 1u + WIDTH * 4; const WIDTH = 5; const THIRD = 1.0 / 3; override OVER: u32 = 21; const TRUE = 1 < 2 && WIDTH != 4;
        var<private> own: u32 = SUM + 1; alias Three = array<u32, 3>; var<private> list: Three = Three(4, 5, 6); const_assert SUM == 21;`,
    },
  ),
};

const mixtures: Readonly<Record<string, SmallText>> = {
  "places that are computed once": text(
    `var i = lane % 3; var list = array<vec3u, 3>(vec3u(1), vec3u(2), vec3u(3)); let p = &list[i]; i = 5;
     (*p)[lane % 3] += 10; (*p).z *= 3; *p = (*p).yzx; put(list[0].x + list[1].y * 100 + list[2].z * 10000); put((*p)[i % 3]);
     var index = 0u; list[next(&index)].y = next(&index) + index; put(list[0].y + 100 * list[1].y + index * 10000);
     list[next(&index) % 3][next(&index) % 3] += next(&index); put(list[0].x + list[0].y + list[1].z + list[2].x + index);
     list[(lane + 1) % 3] = list[lane % 3]; put(list[lane % 3].x + 7 * list[2].z); var other = list; other[i % 3] = list[0];
     list = array<vec3u, 3>(other[2], list[lane % 3], other[lane % 3]); put(list[0].x + 3 * list[1].y + 5 * list[2].z);
     list[0] = list[0].zyx + list[0].xxx; put(list[0].x + 10 * list[0].z); put(made(lane)[lane % 3] + made(2)[1]);
     put(pair_of(lane).rows[lane % 2][lane % 3] + pair_of(5).rows[1].z); deep(&list, lane % 3); put(list[lane % 3].y);`,
    {
      puts: 10,
      helpers: `struct Pair { rows: array<vec3u, 2> }
        fn next(p: ptr<function, u32>) -> u32 { *p += 1; return *p - 1; }
        fn made(x: u32) -> array<u32, 3> { var a: array<u32, 3>; for (var i = 0u; i < 3; i++) { a[i] = x * i; } return a; }
        fn pair_of(x: u32) -> Pair { return Pair(array(vec3u(x, 1, 2), vec3u(3, x, 4))); }
        fn deep(p: ptr<function, array<vec3u, 3>>, i: u32) { deeper(&(*p)[i], i); }
        fn deeper(p: ptr<function, vec3u>, i: u32) { if (i == 1) { return; } p[i] = 50; p.y += (*p)[2 - i]; }`,
    },
  ),
  "lanes that part and meet": text(
    `var sum = 0u;
     for (var i = 0u; i < 6; i++) {
       if (lane % 4 == i % 4) { if (i > 2) { continue; } sum += walk(lane, i); } else if (lane > 20) { sum += 1; continue; }
       switch walk(i, lane) % 4 { case 0: { sum += 3; } case 1: { if (lane > 10) { break; } sum += 5; } default: { sum *= 2; } }
       if (sum > 5000 && walk(sum, i) > 3) { break; }
     }
     put(sum); put(found(lane)); var flags = vec3<bool>(lane > 3, false, true); flags[lane % 3] = lane == 7;
     flags = !flags | vec3<bool>(flags.z, lane > 9, false); put(select(0u, 1u, flags.x) + select(0u, 2u, any(flags.yz)));
     let chosen = select(vec3u(1, 2, 3), vec3u(4, 5, 6), flags); put(chosen.x + 10 * chosen.y + 100 * chosen.z);
     var seen: array<bool, 5>; seen[lane % 5] = true; seen[2] = !seen[2]; var count = 0u;
     for (var i = 0; i < 5; i++) { if seen[i] { count = count * 2 + u32(seen[(i + 1) % 5]) + 1; } } put(count);`,
    {
      puts: 5,
      helpers: `fn walk(a: u32, b: u32) -> u32 {
          var x = a; loop { if (x > 40) { return x; } if (b > x) { x += 7; continue; } x = x * 2 + b; continuing { x += 1; } }
        }
        fn found(x: u32) -> u32 {
          for (var i = 0u; i < 9; i++) { switch i { case 3, 6: { if (x % i == 1) { return i; } } default: { if (x == i) { return 100 + i; } } } }
          return select(200u, 300u, x > 15);
        }`,
    },
  ),
};

/** Texts by name. */
export const statementTexts: Readonly<Record<string, SmallText>> = { ...control, ...values, ...mixtures };
