interface SwaggerResponse {
  obj?: { data?: { tokens?: { accessToken?: string } } };
}

declare const window: { ui: { preauthorizeApiKey(scheme: string, token: string): void } };

/**
 * Runs in the browser, inside Swagger UI, which gets it as text: so it uses nothing from outside. When an answer
 * brings an access token (register, login, refresh), the page is signed in with it.
 */
export function signInFromResponse(response: SwaggerResponse): SwaggerResponse {
  const token = response.obj?.data?.tokens?.accessToken;
  if (token) window.ui.preauthorizeApiKey('bearer', token);
  return response;
}
