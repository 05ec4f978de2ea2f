/** Fields of the header that are looked at. */
export const maxHeaders = 60;
/** Links of different domains that are looked at. */
export const maxLinks = 20;
/** Words of the author's name that are looked at. */
export const maxNameWords = 10;
/** Signs of rules and of the content model that are looked at. */
export const maxSigns = 400;
/** Features of one view of a message that comes back from a store. */
export const maxPlaces = 2_000;
