/** How deep input may nest: a recursion without bound would end in a stack overflow. */
export const MAX_DEPTH = 100;

/** More are neither looked for nor reported: a large body with a mistake per item would make a larger answer. */
export const MAX_VIOLATIONS = 100;
