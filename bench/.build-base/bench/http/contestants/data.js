/** What every contestant knows, so that all answer the same. */ export const SECRET = 'bench-only-secret-of-more-than-32-characters';
export const ISSUER = 'bench';
export const AUDIENCE = 'bench';
export const LIMIT = 10_000;
export const ORDER_ID = '01980f2a-3c1b-7d2e-9f40-5a6b7c8d9e0f';
export const USERS = Array.from({
    length: 20
}, (_, at)=>({
        id: `01980f2a-3c1b-7d2e-9f40-5a6b7c8d${String(1000 + at)}`,
        email: `user-${at}@example.com`,
        firstName: 'Ada',
        lastName: `Lovelace ${at}`,
        role: 'user',
        phone: `+4930${String(1_000_000 + at)}`,
        city: 'Berlin',
        country: 'DE',
        active: at % 3 !== 0,
        logins: at * 7,
        createdAt: new Date(Date.UTC(2026, 0, 1 + at)),
        updatedAt: new Date(Date.UTC(2026, 1, 1 + at)),
        passwordHash: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA'
    }));
/** `meta.pagination` of the list. */ export const PAGINATION = {
    page: 1,
    limit: 20,
    total: 20,
    totalPages: 1,
    hasNext: false,
    hasPrevious: false
};
export const ITEMS = 10_000;
export const PAGE = 20;

//# sourceMappingURL=data.js.map