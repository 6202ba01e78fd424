// What kind of screen this is, and what its reader wants.

export const phone = matchMedia("(max-width: 600px)");
export const still = matchMedia("(prefers-reduced-motion: reduce)");
