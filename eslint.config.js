import tseslint from "typescript-eslint"

export default tseslint.config(
  { ignores: ["**/node_modules/", "dist/", "dagger/sdk/", "coverage/", "examples/dagger-module/"] },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    // The root project, also for dagger/: its own tsconfig.json speaks to the SDK, which finds the generated client by it.
    languageOptions: { parserOptions: { project: "tsconfig.json", tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      // Numbers in messages need no help.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/explicit-module-boundary-types": "error",
      // `() => this.draw()` as an event handler says enough.
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // `const { left, ...rest }` is how an object is made without one of its members.
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }],
      eqeqeq: "error",
    },
  },
  {
    files: ["dagger/src/core/**/*.ts"],
    rules: {
      "no-restricted-globals": [
        "error",
        { name: "fetch", message: "The core computes: what asks a network is in the pipeline." },
        { name: "process", message: "The core computes from its arguments." },
      ],
    },
  },
)
