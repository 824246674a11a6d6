;; WASI preview 1 backed by nothing, for languages whose standard library asks for it: no arguments, no environment, no files, a clock that only
;; counts its readings, numbers that are random to nobody. It stands in the component, so that the component imports nothing of it. What is
;; not used of it is left out.
;;
;; What goes to the standard streams is gone, but for what a runtime says when it dies ("panic: ", "fatal error: ", "Assertion failed: "): that is
;; kept as the guest's last words (handler.wit, under `fault`), in a page of memory that nobody else uses.
(module
  (import "env" "memory" (memory 0))
  (global $now (mut i64) (i64.const 0))
  ;; Where the last words are; 0 while there are none.
  (global $page (mut i32) (i32.const 0))

  (func $is_dying (param $at i32) (param $len i32) (result i32)
    (local $word i32)
    (if (i32.lt_u (local.get $len) (i32.const 4)) (then (return (i32.const 0))))
    (local.set $word (i32.load align=1 (local.get $at)))
    (i32.or
      (i32.eq (local.get $word) (i32.const 0x696e6170)) ;; pani
      (i32.or
        (i32.eq (local.get $word) (i32.const 0x61746166)) ;; fata
        (i32.eq (local.get $word) (i32.const 0x65737341))))) ;; Asse

  (func $begin
    (local $last i32)
    (local.set $last (memory.grow (i32.const 1)))
    (if (i32.eq (local.get $last) (i32.const -1)) (then (return)))
    (global.set $page (i32.shl (local.get $last) (i32.const 16)))
    ;; "watchbox:died" and three zeros.
    (i64.store (global.get $page) (i64.const 0x786f626863746177))
    (i64.store offset=8 (global.get $page) (i64.const 0x000000646569643a)))

  (func $keep (param $at i32) (param $len i32)
    (local $used i32)
    (if (i32.and (i32.eqz (global.get $page)) (call $is_dying (local.get $at) (local.get $len))) (then (call $begin)))
    (if (i32.eqz (global.get $page)) (then (return)))
    (local.set $used (i32.load offset=16 (global.get $page)))
    (if (i32.gt_u (local.get $len) (i32.sub (i32.const 65516) (local.get $used)))
      (then (local.set $len (i32.sub (i32.const 65516) (local.get $used)))))
    (memory.copy
      (i32.add (i32.add (global.get $page) (i32.const 20)) (local.get $used))
      (local.get $at)
      (local.get $len))
    (i32.store offset=16 (global.get $page) (i32.add (local.get $used) (local.get $len))))

  (func (export "fd_write") (param $fd i32) (param $parts i32) (param $count i32) (param $written i32) (result i32)
    (local $total i32)
    (if (i32.eqz (i32.or (i32.eq (local.get $fd) (i32.const 1)) (i32.eq (local.get $fd) (i32.const 2))))
      (then (return (i32.const 8))))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        (if (i32.eq (local.get $fd) (i32.const 2))
          (then (call $keep (i32.load (local.get $parts)) (i32.load offset=4 (local.get $parts)))))
        (local.set $total (i32.add (local.get $total) (i32.load offset=4 (local.get $parts))))
        (local.set $parts (i32.add (local.get $parts) (i32.const 8)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next)))
    (i32.store (local.get $written) (local.get $total))
    (i32.const 0))

  ;; Of the errors of WASI, 8 is `badf`.
  (func $nothing (export "args_sizes_get") (export "environ_sizes_get") (param $count i32) (param $size i32) (result i32)
    (i32.store (local.get $count) (i32.const 0))
    (i32.store (local.get $size) (i32.const 0))
    (i32.const 0))
  (func (export "args_get") (export "environ_get") (param i32 i32) (result i32) (i32.const 0))

  (func (export "clock_res_get") (param $id i32) (param $at i32) (result i32)
    (i64.store (local.get $at) (i64.const 1000000))
    (i32.const 0))
  (func (export "clock_time_get") (param $id i32) (param $precision i64) (param $at i32) (result i32)
    (global.set $now (i64.add (global.get $now) (i64.const 1000000)))
    (i64.store (local.get $at) (global.get $now))
    (i32.const 0))
  (func (export "adapter_monotonic_clock_set_paused") (param i32))

  (func (export "random_get") (param $at i32) (param $len i32) (result i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $len)))
        (local.set $len (i32.sub (local.get $len) (i32.const 1)))
        (i32.store8
          (i32.add (local.get $at) (local.get $len))
          (i32.add (i32.mul (local.get $len) (i32.const 151)) (i32.const 89)))
        (br $next)))
    (i32.const 0))

  (func (export "proc_exit") (param i32) (unreachable))
  (func (export "proc_raise") (param i32) (result i32) (unreachable))
  (func (export "sched_yield") (result i32) (i32.const 0))
  ;; Whoever waits has waited: an event without an error, of the first thing that is waited for.
  (func (export "poll_oneoff") (param $for i32) (param $events i32) (param $count i32) (param $happened i32) (result i32)
    (memory.fill (local.get $events) (i32.const 0) (i32.const 32))
    (i64.store (local.get $events) (i64.load (local.get $for)))
    (i32.store (local.get $happened) (i32.const 1))
    (i32.const 0))

  (func (export "fd_close") (export "fd_datasync") (export "fd_sync") (param i32) (result i32) (i32.const 8))
  (func (export "fd_fdstat_get") (export "fd_fdstat_set_flags") (export "fd_prestat_get") (export "fd_filestat_get") (export "fd_renumber") (export "fd_tell")
    (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_dir_name") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_read") (param i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_pread") (export "fd_pwrite") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_readdir") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_seek") (param i32 i64 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_filestat_set_size") (param i32 i64) (result i32) (i32.const 8))
  (func (export "fd_filestat_set_times") (param i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_advise") (param i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_allocate") (param i32 i64 i64) (result i32) (i32.const 8))
  (func (export "path_create_directory") (export "path_remove_directory") (export "path_unlink_file") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_filestat_get") (export "path_symlink") (param i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_filestat_set_times") (param i32 i32 i32 i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "path_link") (param i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_open") (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32) (i32.const 8))
  (func (export "path_readlink") (export "path_rename") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_accept") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_recv") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_send") (param i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_shutdown") (param i32 i32) (result i32) (i32.const 8))
)
