// Paths with `/`, as configuration files write them; this room does no I/O and must not depend on the platform.

export function dirname(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '.' : slash === 0 ? '/' : path.slice(0, slash);
}

export function basename(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Joins and removes `.` and `..`, so that one file has one name. */
export function resolvePath(folder: string, path: string): string {
  const whole = path.startsWith('/') ? path : `${folder}/${path}`;
  const parts: string[] = [];
  for (const part of whole.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '..' || !whole.startsWith('/')) parts.push(part);
  }
  return (whole.startsWith('/') ? '/' : '') + parts.join('/') || '.';
}

/** Paths that match a pattern with `*` and `?` in any component, sorted. Hidden names need an explicit dot. */
export function expandGlob(pattern: string, list: (folder: string) => readonly string[]): readonly string[] {
  let found = [pattern.startsWith('/') ? '/' : '.'];
  const parts = pattern.split('/').filter((part) => part !== '');
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    if (!/[*?]/.test(part) && !isLast) {
      found = found.map((folder) => resolvePath(folder, part));
      continue;
    }
    found = found.flatMap((folder) =>
      list(folder)
        .filter((name) => matchesWildcard(part, name) && (part.startsWith('.') || !name.startsWith('.')))
        .map((name) => resolvePath(folder, name)),
    );
  }
  return found.sort();
}

/** `*` and `?` only; linear in practice, quadratic at worst (one remembered star). */
function matchesWildcard(pattern: string, name: string): boolean {
  let p = 0;
  let n = 0;
  let star = -1;
  let retry = 0;
  while (n < name.length) {
    if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[n]) && pattern[p] !== '*') {
      p++;
      n++;
    } else if (pattern[p] === '*') {
      star = p++;
      retry = n;
    } else if (star >= 0) {
      p = star + 1;
      n = ++retry;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
