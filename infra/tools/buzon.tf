# The stack as one resource of Terraform. Nobody here has planned or applied it: CI only reads it.

variable "template" {
  description = "What infra/tools/transform.py wrote."
  type        = string
  default     = "transformed.json"
}

variable "bucket" {
  description = "A bucket of yours in the stack's region: the template is longer than an argument may be."
  type        = string
}

variable "parameters" {
  description = "The template's parameters, as { JwtIssuer = \"https://login.example.com\", JwtAudience = \"buzon\" }."
  type        = map(string)
}

resource "aws_s3_object" "template" {
  bucket = var.bucket
  key    = "buzon/${filesha256(var.template)}.json"
  source = var.template
}

resource "aws_cloudformation_stack" "buzon" {
  name         = "buzon"
  template_url = "https://${aws_s3_object.template.bucket}.s3.amazonaws.com/${aws_s3_object.template.key}"
  parameters   = var.parameters
  capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]

  tags = {
    project = "buzon"
  }
}

output "api_url" {
  value = aws_cloudformation_stack.buzon.outputs["ApiUrl"]
}

output "webhook_url" {
  value = aws_cloudformation_stack.buzon.outputs["WebhookUrl"]
}

output "redirect_uri" {
  value = aws_cloudformation_stack.buzon.outputs["RedirectUri"]
}
