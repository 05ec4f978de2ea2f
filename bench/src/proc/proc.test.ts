import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cpuBetween, parseBusyNs } from './cpu-time.ts';
import { parseSizeLine, readTreeMemory } from './memory.ts';
import { defaultPinning, parseCores, pinnedCommand } from './pinning.ts';
import {
  type ProcessTimes,
  parseSchedstat,
  parseStat,
  readTreeTimes,
  type TreeTimes,
  treeOf,
} from './process-tree.ts';

function statLine(
  pid: number,
  name: string,
  fields: { ppid: number; times: number[]; start: number },
): string {
  const [utime, stime, cutime, cstime] = fields.times;
  return `${pid} (${name}) S ${fields.ppid} 1 1 0 -1 4194304 9 8 7 6 ${utime} ${stime} ${cutime} ${cstime} 20 0 3 0 ${fields.start} 82768 362\n`;
}

function times(
  pid: number,
  given: Partial<ProcessTimes> & { threads?: Record<number, number> },
): ProcessTimes {
  const { threads, ...rest } = given;
  const threadNs = threads && new Map(Object.entries(threads).map(([tid, ns]) => [Number(tid), ns]));
  return { pid, parentPid: 1, ownTicks: 0, reapedTicks: 0, startTicks: 100, threadNs, ...rest };
}

function tree(...processes: ProcessTimes[]): TreeTimes {
  return new Map(processes.map((process) => [process.pid, process]));
}

describe('/proc parsing', () => {
  it('counts the fields of stat behind a command name with spaces and parentheses', () => {
    const line = statLine(42, 'a) b (c', { ppid: 7, times: [11, 22, 33, 44], start: 987 });
    assert.deepEqual(parseStat(line), {
      pid: 42,
      parentPid: 7,
      ownTicks: 33,
      reapedTicks: 77,
      startTicks: 987,
    });
  });

  it('takes a cut or foreign text for no stat line', () => {
    for (const text of ['', '12', '12 (x) S 1', 'x (y) S 1']) assert.equal(parseStat(text), undefined);
  });

  it('takes the first number of schedstat for the time on the CPU', () => {
    assert.equal(parseSchedstat('183847120 11664751 360\n'), 183847120);
    assert.equal(parseSchedstat(''), undefined);
  });

  it('reads sizes in kibibytes', () => {
    const text = 'VmHWM:\t    2184 kB\nVmRSS:\t     100 kB\n';
    assert.equal(parseSizeLine(text, 'VmHWM'), 2184 * 1024);
    assert.equal(parseSizeLine(text, 'Pss'), undefined);
  });

  it('adds up the busy time of the named cores only, without idle and iowait', () => {
    const text = 'cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 1 2 3 400 50 6 7 8 0 0\ncpu1 10 0 0 0 0 0 0 0 0 0\nintr 5\n';
    assert.equal(parseBusyNs(text, new Set([0])), 27 * 1e7);
    assert.equal(parseBusyNs(text, new Set([0, 1])), 37 * 1e7);
  });

  it('finds all descendants of a process and nobody else', () => {
    const stat = (pid: number, parentPid: number) => ({
      pid,
      parentPid,
      ownTicks: 0,
      reapedTicks: 0,
      startTicks: 0,
    });
    const all = [stat(1, 0), stat(10, 1), stat(11, 10), stat(12, 11), stat(20, 1), stat(21, 20)];
    assert.deepEqual(treeOf(10, all), [10, 11, 12]);
    assert.deepEqual(treeOf(99, all), []);
  });

  it('sees this very process and its memory', () => {
    const own = readTreeTimes(process.pid).get(process.pid);
    assert.ok(own && (own.threadNs?.size ?? 0) > 0);
    const memory = readTreeMemory(process.pid, 'proportional');
    assert.ok(memory.rssBytes > 1e6 && memory.peakRssBytes >= memory.rssBytes && memory.processes >= 1);
  });
});

describe('CPU time of a tree', () => {
  it('adds up the nanoseconds of live threads, those born meanwhile included', () => {
    const before = tree(times(1, { threads: { 1: 1000 } }), times(2, { threads: { 2: 50 } }));
    const after = tree(
      times(1, { threads: { 1: 1500, 9: 25 } }),
      times(2, { threads: { 2: 51 } }),
      times(3, { threads: { 3: 7 } }),
    );
    assert.deepEqual(cpuBetween(before, after), { cpuNs: 533, resolutionNs: 0 });
  });

  it('falls back to the ticks of a process of which a thread ended', () => {
    const before = tree(times(1, { ownTicks: 10, threads: { 1: 60e6, 2: 40e6 } }));
    const after = tree(times(1, { ownTicks: 15, threads: { 1: 65e6 } }));
    assert.deepEqual(cpuBetween(before, after), { cpuNs: 50e6, resolutionNs: 20e6 });
  });

  it('falls back to the ticks when a thread came and went between the readings', () => {
    const before = tree(times(1, { ownTicks: 10, threads: { 1: 100e6 } }));
    const after = tree(times(1, { ownTicks: 40, threads: { 1: 110e6 } }));
    assert.equal(cpuBetween(before, after).cpuNs, 300e6);
  });

  it('counts a child that ended once: what its parent was credited with less what it had before', () => {
    const before = tree(
      times(1, { threads: { 1: 0 } }),
      times(2, { parentPid: 1, ownTicks: 30, threads: { 2: 300e6 } }),
    );
    const after = tree(times(1, { reapedTicks: 34, threads: { 1: 0 } }));
    assert.deepEqual(cpuBetween(before, after), { cpuNs: 40e6, resolutionNs: 20e6 });
  });

  it('does not take a new process for an old one with the same pid', () => {
    const before = tree(times(1, { threads: { 1: 0 } }), times(2, { startTicks: 100, threads: { 2: 5000 } }));
    const after = tree(times(1, { threads: { 1: 0 } }), times(2, { startTicks: 200, threads: { 2: 10 } }));
    assert.equal(cpuBetween(before, after).cpuNs, 10);
  });
});

describe('pinning', () => {
  it('reads core lists as taskset writes them and refuses others', () => {
    assert.deepEqual([...parseCores('0,2-4')], [0, 2, 3, 4]);
    assert.throws(() => parseCores('all'), RangeError);
  });

  it('keeps loader and target apart where there is more than one core', () => {
    assert.deepEqual(defaultPinning(1, 2), { loader: '0', target: '1' });
    assert.deepEqual(defaultPinning(4, 4), { loader: '0', target: '1-3' });
    assert.deepEqual(defaultPinning(1, 1), { loader: undefined, target: undefined });
    assert.deepEqual(pinnedCommand(undefined, ['x']), ['x']);
  });
});
