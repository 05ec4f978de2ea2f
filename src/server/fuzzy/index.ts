export { type FuzzyDoorSettings, FuzzyStorageDoor } from './storage-door.ts';
