import type { ArchiveListing, ArchiveMember, ArchiveState } from '../core/index.ts';
import type { WorkBudget } from './limits.ts';
import { isUnreadableName } from './names.ts';

/** Where the bytes of a member are, for archives within archives. */
export interface MemberSource {
  readonly bytes: Buffer;
  readonly packing: 'stored' | 'deflate' | 'gzip';
}

/** A member as the reader of a format finds it. */
export interface FoundMember {
  readonly name: string;
  readonly sizeBytes: number | undefined;
  readonly packedBytes: number | undefined;
  readonly isEncrypted?: boolean;
  /** Undefined: its bytes cannot be reached without a decoder that is not here. */
  readonly source?: MemberSource | undefined;
}

/** A list that readers of formats fill, within the bounds of the message. */
export class ListingBuilder implements ArchiveListing {
  readonly format: string;
  readonly members: ArchiveMember[] = [];
  /** Sources of the members, by their place in {@link members}. */
  readonly sources: (MemberSource | undefined)[] = [];
  readonly budget: WorkBudget;
  /** What a single file inside would be called: the name of the archive without its extension. */
  readonly ownName: string;
  state: ArchiveState = 'listed';
  isEncrypted = false;
  isObfuscated = false;
  isVolume = false;
  isCut = false;
  readonly #inside: readonly string[];

  constructor(
    format: string,
    fileName: string | undefined,
    budget: WorkBudget,
    inside: readonly string[] = [],
  ) {
    this.format = format;
    this.ownName = fileName?.replace(/^.*[/\\]/s, '').replace(/\.[^.]*$/, '') || 'data';
    this.budget = budget;
    this.#inside = inside;
  }

  /** @returns false when the list is full and reading may end */
  add({ name, sizeBytes, packedBytes, isEncrypted = false, source }: FoundMember): boolean {
    if (this.budget.membersLeft <= 0) {
      this.isCut = true;
      return false;
    }
    this.budget.membersLeft--;
    if (isEncrypted) this.isEncrypted = true;
    if (isUnreadableName(name)) this.isObfuscated = true;
    this.members.push({
      name: name.isWellFormed() ? name : name.toWellFormed(),
      sizeBytes,
      packedBytes,
      isEncrypted,
      inside: this.#inside,
    });
    this.sources.push(isEncrypted ? undefined : source);
    return true;
  }

  /**
   * Counts an entry of a directory, of whatever kind.
   * @returns false when there were too many and reading must end
   */
  step(): boolean {
    if (--this.budget.entriesLeft >= 0) return true;
    this.isCut = true;
    return false;
  }

  /** Puts the members of an archive within this one behind those listed so far. */
  addNested(nested: ListingBuilder): void {
    this.members.push(...nested.members);
    this.sources.push(...nested.members.map(() => undefined));
    this.isEncrypted ||= nested.isEncrypted;
    this.isObfuscated ||= nested.isObfuscated;
    this.isCut ||= nested.isCut;
  }

  /** Cuts a name to what is read of it. */
  nameBytes(bytes: Buffer): Buffer {
    const { nameBytes } = this.budget.limits;
    return bytes.length > nameBytes ? bytes.subarray(0, nameBytes) : bytes;
  }
}
