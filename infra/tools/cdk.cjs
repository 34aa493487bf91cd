// The stack in a CDK app: its own resources as constructs beside yours.
//
//   TEMPLATE=transformed.json npx cdk deploy --app 'node infra/tools/cdk.cjs' --parameters JwtIssuer=… --parameters JwtAudience=…
//
// Needs aws-cdk-lib. TEMPLATE is what infra/tools/transform.py wrote.

const { App, CfnOutput, Stack } = require("aws-cdk-lib");
const { CfnInclude } = require("aws-cdk-lib/cloudformation-include");

const app = new App();
const stack = new Stack(app, "buzon");
const buzon = new CfnInclude(stack, "Included", { templateFile: process.env.TEMPLATE });

// As an example of what becomes possible: the queue of events as a construct of CDK's own.
const inbound = buzon.getResource("InboundQueue");
new CfnOutput(stack, "InboundQueueArn", { value: inbound.attrArn });

app.synth();
