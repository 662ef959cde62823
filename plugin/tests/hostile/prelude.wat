;; A detector of one rule, judging line by line; `support/mod.rs` fills in what is in braces.
;; Memory: the report at 0, what is described at 1024, malformed events at 65536, a heap that only grows from 131072.
(module
  {imports}
  (memory (export "memory") {pages})
  (data (i32.const 1024) "{image}")
  (global $top (mut i32) (i32.const 131072))
  (global $findings (mut i32) (i32.const 131072))
  (global $found (mut i32) (i32.const 0))
  (global $malformed (mut i32) (i32.const 65536))
  (global $faults (mut i32) (i32.const 0))
  (global $report (mut i32) (i32.const 0))
  {more}

  (func (export "{interface}#describe") (result i32) {describe} (i32.const 1024))
  (func (export "{interface}#fields") (result i32) (i32.const 1032))
  (func (export "{interface}#exceptions") (result i32) (i32.const 1040))

  (func (export "{interface}#detect") (param $at i32) (param $length i32) (result i32)
    (local $end i32) (local $line_end i32) (local $event i32) (local $verdict i32)
    {detect}
    (local.set $end (i32.add (local.get $at) (local.get $length)))
    (block $done (loop $next_line
      (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
      (local.set $line_end (local.get $at))
      (block $newline (loop $next_byte
        (br_if $newline (i32.ge_u (local.get $line_end) (local.get $end)))
        (br_if $newline (i32.eq (i32.load8_u (local.get $line_end)) (i32.const 10)))
        (local.set $line_end (i32.add (local.get $line_end) (i32.const 1)))
        (br $next_byte)))
      (call $judge (local.get $event) (i32.load8_u (local.get $at)))
      (local.set $event (i32.add (local.get $event) (i32.const 1)))
      (local.set $at (i32.add (local.get $line_end) (i32.const 1)))
      (br $next_line)))
    (i32.store offset=0 (i32.const 0) (global.get $findings))
    (i32.store offset=4 (i32.const 0) (global.get $found))
    (i32.store offset=8 (i32.const 0) (global.get $malformed))
    (i32.store offset=12 (i32.const 0) (global.get $faults))
    (global.get $report))

  ;; `m` matches rule 0, `x` is malformed, `!` is poison.
  (func $judge (param $event i32) (param $first i32)
    (if (i32.eq (local.get $first) (i32.const 0x6d)) (then (call $find (local.get $event) (i32.const 0) (i32.const 0))))
    (if (i32.eq (local.get $first) (i32.const 0x78)) (then (call $complain (local.get $event))))
    (if (i32.eq (local.get $first) (i32.const 0x21)) (then {poison})))

  (func $find (param $event i32) (param $rule i32) (param $has_exception i32)
    (local $at i32)
    (local.set $at (call $alloc (i32.const 16)))
    (if (i32.eqz (global.get $found)) (then (global.set $findings (local.get $at))))
    (i32.store offset=0 (local.get $at) (local.get $event))
    (i32.store offset=4 (local.get $at) (local.get $rule))
    (i32.store offset=8 (local.get $at) (local.get $has_exception))
    (global.set $found (i32.add (global.get $found) (i32.const 1))))

  (func $complain (param $event i32)
    (i32.store
      (i32.add (global.get $malformed) (i32.mul (global.get $faults) (i32.const 4)))
      (local.get $event))
    (global.set $faults (i32.add (global.get $faults) (i32.const 1))))

  (func $alloc (param $size i32) (result i32)
    (local $start i32) (local $lacking i32)
    (local.set $start (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
    (global.set $top (i32.add (local.get $start) (local.get $size)))
    (local.set $lacking (i32.sub (global.get $top) (i32.mul (memory.size) (i32.const 65536))))
    (if (i32.gt_s (local.get $lacking) (i32.const 0)) (then
      (local.set $lacking (i32.div_u (i32.add (local.get $lacking) (i32.const 65535)) (i32.const 65536)))
      (if (i32.eq (memory.grow (local.get $lacking)) (i32.const -1)) (then unreachable))))
    (local.get $start))

  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    {realloc}
    (call $alloc (local.get 3))))
